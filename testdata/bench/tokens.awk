# One pass over a log: requests, 403s and distinct addresses of every token.
# Prints how many lines, 403s and tokens there are, and how many tokens were
# refused and came from more than one address.
{
	at = index($7, "md5=")
	token = substr($7, at + 4)
	if (end = index(token, "&")) token = substr(token, 1, end - 1)
	requests[token]++
	if ($9 == 403) { refused++; refusals[token]++ }
	if (!((token, $1) in seen)) { seen[token, $1]; addresses[token]++ }
}
END {
	for (token in requests) {
		tokens++
		if (addresses[token] > 1 && refusals[token] > 0) moved++
	}
	print NR, refused + 0, tokens + 0, moved + 0
}
