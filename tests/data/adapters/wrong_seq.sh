# Answers another question than the one asked.
here=$(dirname "$0")
read -r start && cat "$here/started.json"
read -r question
echo '{"type": "skipped", "seq": 999, "message": "not now"}'
exec sleep 600
