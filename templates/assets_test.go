package templates_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/templates"
)

var linked = regexp.MustCompile(`/assets/[a-z]+\.[0-9a-f]{16}\.[a-z]+`)

func get(t *testing.T, method, path string) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	templates.Assets().ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w.Result()
}

func TestAssetsOfEveryPage(t *testing.T) {
	types := map[string]string{"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
	page := render(t, newSet(t), templates.SignIn{})
	links := linked.FindAllString(string(page), -1)
	if len(links) != 4 { // favicon, style, script, logo
		t.Fatalf("links %q", links)
	}
	for _, link := range links {
		answer := get(t, "GET", link)
		if answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", link, answer.StatusCode)
		}
		if got, want := answer.Header.Get("Content-Type"), types[link[strings.LastIndex(link, ".")+1:]]; got != want {
			t.Errorf("%s: type %q, want %q", link, got, want)
		}
		for header, want := range map[string]string{"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"} {
			if got := answer.Header.Get(header); got != want {
				t.Errorf("%s: %s %q, want %q", link, header, got, want)
			}
		}
		if head := get(t, "HEAD", link); head.StatusCode != http.StatusOK || head.ContentLength != answer.ContentLength {
			t.Errorf("HEAD %s: %d, %d bytes", link, head.StatusCode, head.ContentLength)
		}
		if post := get(t, "POST", link); post.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: %d", link, post.StatusCode)
		}
	}
}

func TestPicturesOfTheStyleSheet(t *testing.T) {
	page := render(t, newSet(t), templates.SignIn{})
	sheet := regexp.MustCompile(`/assets/app\.[0-9a-f]{16}\.css`).FindString(string(page))
	w := httptest.NewRecorder()
	templates.Assets().ServeHTTP(w, httptest.NewRequest("GET", sheet, nil))
	names := regexp.MustCompile(`url\("([^"]+)"\)`).FindAllStringSubmatch(w.Body.String(), -1)
	if len(names) == 0 {
		t.Fatal("the style sheet names no picture")
	}
	for _, name := range names {
		if answer := get(t, "GET", "/assets/"+name[1]); answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", name[1], answer.StatusCode)
		}
	}
}

// TestNothingElse: threat W22; only the exact names are there.
func TestNothingElse(t *testing.T) {
	real := linked.FindString(string(render(t, newSet(t), templates.SignIn{})))
	for _, path := range []string{"/assets/", "/assets", "/assets/app.css", "/assets/app.0123456789abcdef.css", real + "/", real + "/x.css", "/x" + real,
		"/assets/../assets.go", "/assets/..%2fset.go", "/assets/html/layout.html", strings.ToUpper(real), "/", "/favicon.ico"} {
		if answer := get(t, "GET", path); answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, answer.StatusCode)
		}
	}
}

// TestNothingFromElsewhere walks what is embedded: no other host, and small enough to need no build step.
func TestNothingFromElsewhere(t *testing.T) {
	elsewhere := regexp.MustCompile(`(?i)(https?:)?//[a-z0-9-]+\.[a-z]|@import|url\(\s*["']?(data|https?):|\beval\(|new Function|innerHTML|document\.write`)
	known := strings.NewReplacer(`xmlns="http://www.w3.org/2000/svg"`, "")
	err := fs.WalkDir(os.DirFS("."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasPrefix(path, "html/") && !strings.HasPrefix(path, "assets/") {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if found := elsewhere.FindString(known.Replace(string(body))); found != "" {
			t.Errorf("%s: %q", path, found)
		}
		if len(body) > 20_000 {
			t.Errorf("%s has %d bytes", path, len(body))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
