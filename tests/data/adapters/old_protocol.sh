# Speaks the protocol of another age.
read -r start
echo '{"type": "started", "protocol": 0, "implementation": {"name": "fake"}, "layers": []}'
exec sleep 600
