# Prints JSON over several lines.
read -r start
printf '{\n  "type": "started",\n  "protocol": 1\n}\n'
exec sleep 600
