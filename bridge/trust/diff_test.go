package trust_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

func TestUnified(t *testing.T) {
	from := "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\n"
	for _, c := range []struct{ name, to, want string }{
		{"nothing", from, ""},
		{"one line", strings.Replace(from, "b\n", "B\n", 1), "@@ -1,5 +1,5 @@\n a\n-b\n+B\n c\n d\n e\n"},
		{"two places", strings.NewReplacer("b\n", "", "k\n", "k\nK\n").Replace(from),
			"@@ -1,5 +1,4 @@\n a\n-b\n c\n d\n e\n@@ -9,4 +8,5 @@\n i\n j\n k\n+K\n l\n"},
		{"places that are near", strings.NewReplacer("b\n", "", "g\n", "G\n").Replace(from),
			"@@ -1,10 +1,9 @@\n a\n-b\n c\n d\n e\n f\n-g\n+G\n h\n i\n j\n"},
		{"the end", from + "m\n", "@@ -10,3 +10,4 @@\n j\n k\n l\n+m\n"},
	} {
		want := c.want
		if want != "" {
			want = "--- a/x.json\n+++ b/x.json\n" + want
		}
		if got := trust.Unified("x.json", from, c.to); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, want)
		}
	}
}

// TestUnifiedApplies: applied as patch(1) does it, the difference makes the one text of the other.
func TestUnifiedApplies(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		from, to := made(r, 5+r.IntN(40)), ""
		for _, l := range strings.SplitAfter(from, "\n") {
			switch r.IntN(8) {
			case 0:
			case 1:
				to += l + made(r, 1)
			default:
				to += l
			}
		}
		if to == "" {
			continue
		}
		if diff := trust.Unified("x", from, to); patch(t, from, diff) != to {
			t.Errorf("seed %d:\n%s\ngives\n%s\nwant\n%s", seed, diff, patch(t, from, diff), to)
		}
	}
}

func made(r *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		fmt.Fprintf(&b, "%c\n", 'a'+rune(r.IntN(4)))
	}
	return b.String()
}
