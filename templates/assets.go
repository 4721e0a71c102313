package templates

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed assets/*
var assetFiles embed.FS

// assetTypes are the exact content types; a file of another kind fails the load.
var assetTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// asset is one embedded file under its public name.
type asset struct {
	url  string // /assets/app.0123456789abcdef.css
	kind string
	body []byte
}

// loadAssets reads all assets by file name. Style sheets come last, because they name pictures, whose public names carry
// the hash of their content.
func loadAssets() (map[string]asset, error) {
	names, err := fs.Glob(assetFiles, "assets/*")
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	assets := make(map[string]asset, len(names))
	for _, sheets := range []bool{false, true} {
		for _, name := range names {
			if (path.Ext(name) == ".css") != sheets {
				continue
			}
			body, err := assetFiles.ReadFile(name)
			if err != nil {
				return nil, fmt.Errorf("templates: %w", err)
			}
			if sheets {
				body = linkPictures(body, assets)
			}
			if err := addAsset(assets, path.Base(name), body); err != nil {
				return nil, err
			}
		}
	}
	return assets, nil
}

func linkPictures(sheet []byte, assets map[string]asset) []byte {
	for name, a := range assets {
		sheet = bytes.ReplaceAll(sheet, []byte(`url("`+name+`")`), []byte(`url("`+path.Base(a.url)+`")`))
	}
	return sheet
}

func addAsset(assets map[string]asset, name string, body []byte) error {
	ext := path.Ext(name)
	kind, ok := assetTypes[ext]
	if !ok {
		return fmt.Errorf("templates: asset %s: no content type for %q", name, ext)
	}
	sum := sha256.Sum256(body)
	public := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:8]) + ext
	assets[name] = asset{url: "/assets/" + public, kind: kind, body: body}
	return nil
}

// Assets serves the style sheet, the script and the pictures at /assets/NAME.HASH.EXT, for ever cacheable, since a name
// changes with its content. Everything else there is 404 (threat W22).
func Assets() http.Handler {
	assets, err := loadAssets()
	byURL := make(map[string]asset, len(assets))
	for _, a := range assets {
		byURL[a.url] = a
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := byURL[r.URL.Path]
		if err != nil || !ok {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.kind)
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		if r.Method == http.MethodGet {
			w.Write(a.body)
		}
	})
}
