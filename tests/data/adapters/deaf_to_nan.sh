# Right, but a question with p = NaN is never answered. $1 is the oracle's own adapter.
grep --line-buffered -v '"p":"nan"' | "$1" conform --serve
