package handlers

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// PrefersJSON tells whether the client would rather have JSON than a page (RFC 9110 §12.5.1): it names application/json,
// and names no page, or values it less. A client that takes anything gets the page.
func PrefersJSON(r *http.Request) bool {
	json, page := 0.0, 0.0
	for _, item := range strings.Split(strings.Join(r.Header.Values("Accept"), ","), ",") {
		kind, params, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		q := 1.0
		if text, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(text, 64); err != nil {
				continue
			}
		}
		switch kind {
		case "application/json":
			json = max(json, q)
		case "text/html", "application/xhtml+xml":
			page = max(page, q)
		}
	}
	return json > page
}
