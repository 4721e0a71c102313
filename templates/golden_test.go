package templates_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/templates"
)

var update = flag.Bool("update", false, "write the golden files")

func newSet(t testing.TB) *templates.Set {
	t.Helper()
	set, err := templates.New()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func render(t testing.TB, set *templates.Set, page any) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := set.Render(&buf, page); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// TestGolden holds every page against testdata/TestGolden/NAME.html. After a change: go test ./templates -update, and read
// the diff.
func TestGolden(t *testing.T) {
	set := newSet(t)
	for _, s := range samples(goldenTime) {
		t.Run(s.name, func(t *testing.T) {
			got := withoutHashes(render(t, set, s.page))
			file := filepath.Join("testdata", filepath.FromSlash(t.Name())+".html")
			if *update {
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

var assetName = regexp.MustCompile(`(/assets/[a-z]+)\.[0-9a-f]{16}\.`)

// withoutHashes keeps the golden files still when only a style changed.
func withoutHashes(page []byte) []byte { return assetName.ReplaceAll(page, []byte("$1.HASH.")) }
