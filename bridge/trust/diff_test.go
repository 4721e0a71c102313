package trust

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
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
		if got := unified("x.json", from, c.to); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, want)
		}
	}
}

// TestUnifiedByPatch: patch(1) makes the one text of the other.
func TestUnifiedByPatch(t *testing.T) {
	patch, err := exec.LookPath("patch")
	if err != nil {
		t.Skip("patch is not here; TestMutations applies every diff as patch does")
	}
	for seed := range uint64(20) {
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
		diff := unified("x", from, to)
		if diff == "" || to == "" {
			continue
		}
		dir := t.TempDir()
		write(t, filepath.Join(dir, "x"), from)
		cmd := exec.CommandContext(t.Context(), patch, "-p1", "--fuzz=0", "-s")
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(diff)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("seed %d: %v %s\n%s", seed, err, out, diff)
		}
		if got := read(t, filepath.Join(dir, "x")); got != to {
			t.Errorf("seed %d:\n%s\ngives\n%s\nwant\n%s", seed, diff, got, to)
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

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
