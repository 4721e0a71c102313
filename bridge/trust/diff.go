package trust

import (
	"fmt"
	"slices"
	"strings"
)

const diffContext = 3 // lines around a change

// edit is one line of the way from one text to another.
type edit struct {
	op   byte // ' ' kept, '-' taken away, '+' added
	line string
}

// unified writes a unified diff (as diff -u and patch have it) of two texts that end in a line end; "" if they are equal.
func unified(name, from, to string) string {
	if from == to {
		return ""
	}
	edits := compare(strings.SplitAfter(strings.TrimSuffix(from, "\n"), "\n"), strings.SplitAfter(strings.TrimSuffix(to, "\n"), "\n"))
	var b strings.Builder
	fmt.Fprintf(&b, "--- a/%s\n+++ b/%s\n", name, name)
	fromLine, toLine := 1, 1
	for i := 0; i < len(edits); {
		if edits[i].op == ' ' && !changeWithin(edits, i) {
			i, fromLine, toLine = i+1, fromLine+1, toLine+1
			continue
		}
		end := i
		for end < len(edits) && (edits[end].op != ' ' || changeNear(edits, end)) {
			end++
		}
		fromLine, toLine = hunk(&b, edits[i:end], fromLine, toLine)
		i = end
	}
	return b.String()
}

// hunk writes edits under their header and gives the lines that follow.
func hunk(b *strings.Builder, edits []edit, fromLine, toLine int) (int, int) {
	var removed, added int
	for _, e := range edits {
		if e.op != '+' {
			removed++
		}
		if e.op != '-' {
			added++
		}
	}
	fmt.Fprintf(b, "@@ -%d,%d +%d,%d @@\n", fromLine, removed, toLine, added)
	for _, e := range edits {
		b.WriteByte(e.op)
		b.WriteString(strings.TrimSuffix(e.line, "\n") + "\n")
	}
	return fromLine + removed, toLine + added
}

// changeWithin tells whether a change follows the kept line i closely enough to begin a hunk with it.
func changeWithin(edits []edit, i int) bool {
	for j := i; j < len(edits) && j <= i+diffContext; j++ {
		if edits[j].op != ' ' {
			return true
		}
	}
	return false
}

// changeNear tells whether the kept line i belongs to a hunk that is open: a change is close, before or behind.
func changeNear(edits []edit, i int) bool {
	for j := max(0, i-diffContext); j < len(edits) && j <= i+diffContext; j++ {
		if edits[j].op != ' ' {
			return true
		}
	}
	return false
}

// compare finds the way with the fewest changes.
func compare(from, to []string) []edit {
	var head, tail []edit
	for len(from) > 0 && len(to) > 0 && line(from[0]) == line(to[0]) {
		head = append(head, edit{' ', from[0]})
		from, to = from[1:], to[1:]
	}
	for len(from) > 0 && len(to) > 0 && line(from[len(from)-1]) == line(to[len(to)-1]) {
		tail = append(tail, edit{' ', from[len(from)-1]})
		from, to = from[:len(from)-1], to[:len(to)-1]
	}
	slices.Reverse(tail)
	return slices.Concat(head, subsequence(from, to), tail)
}

// subsequence keeps the longest common subsequence. Its table is as large as the product of the two, so the ends that
// are equal were cut off before.
func subsequence(from, to []string) []edit {
	longest := make([][]int, len(from)+1)
	for i := range longest {
		longest[i] = make([]int, len(to)+1)
	}
	for i := len(from) - 1; i >= 0; i-- {
		for j := len(to) - 1; j >= 0; j-- {
			if line(from[i]) == line(to[j]) {
				longest[i][j] = longest[i+1][j+1] + 1
			} else {
				longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			}
		}
	}
	var out []edit
	i, j := 0, 0
	for i < len(from) && j < len(to) {
		switch {
		case line(from[i]) == line(to[j]):
			out = append(out, edit{' ', from[i]})
			i, j = i+1, j+1
		case longest[i+1][j] >= longest[i][j+1]:
			out = append(out, edit{'-', from[i]})
			i++
		default:
			out = append(out, edit{'+', to[j]})
			j++
		}
	}
	for ; i < len(from); i++ {
		out = append(out, edit{'-', from[i]})
	}
	for ; j < len(to); j++ {
		out = append(out, edit{'+', to[j]})
	}
	return out
}

func line(s string) string { return strings.TrimSuffix(s, "\n") }
