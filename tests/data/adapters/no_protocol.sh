# Does not say which protocol it speaks.
read -r start
echo '{"type": "started", "implementation": {"name": "fake"}, "layers": []}'
exec sleep 600
