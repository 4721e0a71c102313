package config

// nearest finds the known word that takes the fewest edits, if it is near enough to be what was meant.
func nearest(word string, known []string) (string, bool) {
	best, least := "", len(word)/2+1
	for _, k := range known {
		if d := distance(word, k); d < least || (d == least && best == "" && d <= 2) {
			best, least = k, d
		}
	}
	return best, best != ""
}

// distance is the Levenshtein distance with a swap of neighbours as one edit.
func distance(a, b string) int {
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
