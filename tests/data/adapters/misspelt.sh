# Sound but for an optional field that is misspelt, which only validation sees.
here=$(dirname "$0")
read -r start && sed 's/"shared_axes"/"shared_axis"/' "$here/started.json"
exec sleep 600
