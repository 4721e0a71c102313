package handlers

import (
	"net/http"
	"strings"
)

// Forms says where the forms of a page may lead: the CSP directive form-action, which Chromium applies to every hop of the
// redirects that follow, too (threat W13). The zero value allows our own origin only.
type Forms struct {
	// Hosts are further origins (https://signin.aws.amazon.com): those that a role form is redirected to.
	Hosts []string
	// Away tells that the page's one form leads to Hosts alone, and to nothing of ours.
	Away bool
	// InsecureAnywhere leaves form-action out. Only the page that posts to an identity provider may use it: which hosts
	// the provider then redirects to is its own affair, and the page holds one form, whose address we chose.
	InsecureAnywhere bool
}

// policy is the Content-Security-Policy of a page: everything from our own origin or not at all, nothing inline.
func (f Forms) policy() string {
	const base = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; " +
		"connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"
	if f.InsecureAnywhere {
		return base
	}
	if f.Away && len(f.Hosts) > 0 {
		return base + "; form-action " + strings.Join(f.Hosts, " ")
	}
	return base + "; form-action " + strings.Join(append([]string{"'self'"}, f.Hosts...), " ")
}

// setHeaders sends on every answer, errors and assets included, what keeps it from being framed, sniffed, cached or
// referred to (threats W9, W11–W14, W24). Assets replace Cache-Control, pages may replace the policy.
func (s *Site) setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", s.policy)
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if s.https {
		// RFC 6797 §6.1. includeSubDomains is the operator's to say: other hosts below ours may not be ours.
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}
