package config

import "strings"

// nearest finds the known key that takes the fewest edits, if it is near enough to be what was meant. Case and the
// choice between _ and - are no edits.
func nearest(word string, known []string) (string, bool) {
	word = plainKey(word)
	best, least := "", max(2, len(word)/4)+1
	for _, k := range known {
		d := distance(word, plainKey(k))
		if strings.HasPrefix(word, k) && len(k) > 2 || strings.HasPrefix(k, word) && len(word) > 2 {
			d = min(d, 2) // certificate for cert
		}
		if d < least {
			best, least = k, d
		}
	}
	return best, best != ""
}

func plainKey(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }

// maxWord bounds the time that a comparison takes.
const maxWord = 64

// distance is the Levenshtein distance with a swap of neighbours as one edit.
func distance(a, b string) int {
	if len(a) > maxWord {
		return len(a)
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
