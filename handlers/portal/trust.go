package portal

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
	"github.com/fedbridge/fedbridge/handlers"
	"github.com/fedbridge/fedbridge/templates"
)

// TrustDesk looks at the AWS side for operators: at trust policies, and at what STS says.
type TrustDesk interface {
	// View tells what is known of every role, without asking anybody.
	View() TrustView
	// Check looks at these roles anew, at all where none is named. It returns when that is done, or after some seconds; the
	// check then goes on. While one is under way it begins no other. It MUST fail with CodeRateLimited where checks come
	// too close together.
	Check(ctx context.Context, req TrustCheck) error
}

// TrustCheck is an operator's wish, with what the audit log says of it.
type TrustCheck struct {
	Roles             []bridge.RoleKey
	By                bridge.Identity
	Source, RequestID string
}

// TrustView is what is known.
type TrustView struct {
	Reads   bool      // trust policies are read, not only STS asked
	Running time.Time // since when a check is under way; zero where none is
	Ways    []TrustWay
}

// TrustWay is one way into one role.
type TrustWay struct {
	Role     bridge.Role
	Via      bridge.Via
	Checked  time.Time // zero: never
	Read     bool      // the trust policy was read
	Unread   bool      // something could not be read; a finding says why
	Findings []trust.Finding
	Live     *TrustLive // nil where STS wasn't asked
}

// TrustLive is what STS said: nothing but As where it gives the role, a code where it doesn't.
type TrustLive struct {
	As       string
	Code     bridge.Code
	Answered bool // STS itself said no; otherwise nobody answered who could know
	Bare     bool // it gives the role without tags and source identity
}

// trustShown bounds the page.
const trustShown = 200

// operating guards the pages of operators. Everybody else finds nothing there, as at any address that isn't one.
func (s *Server) operating(page func(http.ResponseWriter, *http.Request, *visitor) error) handlers.Page {
	return s.signedIn(func(w http.ResponseWriter, r *http.Request, v *visitor) error {
		if !s.operates(v) {
			return bridge.Fail(bridge.CodeNotFound, fmt.Errorf("not an operator"))
		}
		return page(w, r, v)
	})
}

// operates tells whether a person is an operator; nobody is, where there is nothing to operate.
func (s *Server) operates(v *visitor) bool {
	return s.trust != nil && s.operator != nil && s.operator(v.identity)
}

// trustPage shows what is known of every role, the worst first.
func (s *Server) trustPage(w http.ResponseWriter, r *http.Request, v *visitor) error {
	query := r.URL.Query()
	search, err := handlers.One(query, templates.FieldQuery)
	if err != nil {
		return err
	}
	view, words := s.trust.View(), searchWords(search)
	page := templates.Trust{Layout: s.layout(r, v), Reads: view.Reads, Running: view.Running, Query: search}
	for _, role := range s.trustRoles(view) {
		page.Total++
		if matches(words, role.role) {
			page.Roles = append(page.Roles, role.TrustRole)
		}
	}
	if !query.Has(fieldAll) && len(page.Roles) > trustShown {
		page.Roles, page.All = page.Roles[:trustShown], "/trust?"+fieldAll+"=1"
	}
	return s.site.Render(w, http.StatusOK, handlers.Forms{}, page)
}

// trustCheck begins a check, and shows the page again.
func (s *Server) trustCheck(w http.ResponseWriter, r *http.Request, v *visitor) error {
	name, err := handlers.One(r.PostForm, templates.FieldRole)
	if err != nil {
		return err
	}
	request := handlers.RequestOf(r.Context())
	check := TrustCheck{By: v.identity, Source: request.Source, RequestID: request.ID}
	if name != "" {
		for _, role := range s.bridge.Roles() {
			if role.Key.String() == name {
				check.Roles = []bridge.RoleKey{role.Key}
			}
		}
		if check.Roles == nil {
			return bridge.Fail(bridge.CodeBadRequest, fmt.Errorf("no such role: %.80q", name))
		}
	}
	if err := s.trust.Check(r.Context(), check); err != nil {
		return err
	}
	return handlers.Redirect(w, "/trust")
}

// trustRole is a role on the page, with the role itself to search in.
type trustRole struct {
	templates.TrustRole
	role bridge.Role
}

// trustRoles gathers the ways into each role.
func (s *Server) trustRoles(view TrustView) []trustRole {
	var all []trustRole
	at := map[bridge.RoleKey]int{}
	for _, way := range view.Ways {
		i, seen := at[way.Role.Key]
		if !seen {
			i = len(all)
			at[way.Role.Key] = i
			all = append(all, trustRole{role: way.Role, TrustRole: templates.TrustRole{
				Account: way.Role.Account, Label: roleLabel(way.Role), Key: way.Role.Key.String(), ARN: way.Role.ARN.String(), Verdict: templates.TrustOK,
			}})
		}
		shown, verdict := s.trustWay(way)
		all[i].Ways = append(all[i].Ways, shown)
		all[i].Verdict = worse(all[i].Verdict, verdict)
	}
	for i := range all {
		all[i].Why = whyTrust(all[i].TrustRole)
	}
	slices.SortStableFunc(all, func(a, b trustRole) int { return cmp.Compare(rank[a.Verdict], rank[b.Verdict]) })
	return all
}

// rank orders verdicts, the worst first.
var rank = map[templates.TrustVerdict]int{
	templates.TrustError: 0, templates.TrustWarning: 1, templates.TrustUnknown: 2, templates.TrustOK: 3,
}

func worse(a, b templates.TrustVerdict) templates.TrustVerdict {
	if rank[b] < rank[a] {
		return b
	}
	return a
}

var severities = map[trust.Severity]templates.TrustVerdict{
	trust.SeverityError: templates.TrustError, trust.SeverityWarning: templates.TrustWarning,
}

// trustWay makes one way ready to print. Where nobody looked, or nobody answered, nothing is known.
func (s *Server) trustWay(way TrustWay) (templates.TrustWay, templates.TrustVerdict) {
	out := templates.TrustWay{Via: way.Via, Checked: way.Checked, Read: way.Read, Unread: way.Unread}
	verdict := templates.TrustUnknown
	if !way.Checked.IsZero() {
		out.Ago = ago(s.now().Sub(way.Checked))
		if way.Read && !way.Unread {
			verdict = templates.TrustOK
		}
	}
	fixes := map[string]bool{} // one often mends several findings
	for _, f := range way.Findings {
		shown := templates.TrustFinding{
			Verdict: severities[f.Severity], Code: string(f.Code), Summary: f.Summary, Detail: f.Detail,
		}
		fix := f.Fix + strings.Join(f.Commands, "\n")
		shown.Same = fixes[fix] && fix != ""
		fixes[fix] = true
		if !shown.Same {
			shown.Commands = f.Commands
		}
		if text := strings.TrimRight(f.Fix, "\n"); text != "" && !shown.Same {
			for line := range strings.SplitSeq(text, "\n") {
				shown.Fix = append(shown.Fix, templates.DiffLine{Text: line})
			}
		}
		if shown.Verdict != "" {
			verdict = worse(verdict, shown.Verdict)
		}
		out.Findings = append(out.Findings, shown)
	}
	if way.Live != nil {
		out.Live = trustLive(*way.Live)
		switch {
		case out.Live.Verdict == templates.TrustOK && verdict == templates.TrustUnknown && !way.Unread:
			verdict = templates.TrustOK // STS knows best
		case out.Live.Verdict != templates.TrustOK:
			verdict = worse(verdict, out.Live.Verdict)
		}
	}
	return out, verdict
}

// trustLive says in the catalogue's words what STS answered. Its remedies are for people who can't change the account.
func trustLive(l TrustLive) *templates.TrustLive {
	if l.Code == "" {
		return &templates.TrustLive{Verdict: templates.TrustOK, As: l.As}
	}
	notice, _ := bridge.NoticeOf(l.Code)
	out := &templates.TrustLive{Verdict: templates.TrustUnknown, Code: string(l.Code), Message: notice.Message, Remedy: notice.Remedy, Bare: l.Bare}
	if l.Answered {
		out.Verdict = templates.TrustError
	}
	if l.Code == bridge.CodeSTSRefused {
		out.Remedy = ""
	}
	return out
}

// whyTrust is the one line beside a role.
func whyTrust(role templates.TrustRole) string {
	errors, warnings, unasked, unread, checked := 0, 0, 0, false, false
	for _, way := range role.Ways {
		checked = checked || !way.Checked.IsZero()
		unread = unread || way.Unread
		for _, f := range way.Findings {
			switch f.Verdict {
			case templates.TrustError:
				errors++
			case templates.TrustWarning:
				warnings++
			}
		}
		switch {
		case way.Live == nil:
		case way.Live.Verdict == templates.TrustError:
			return "AWS refuses it"
		case way.Live.Verdict == templates.TrustUnknown:
			unasked++
		}
	}
	switch {
	case !checked:
		return "never checked"
	case errors > 0:
		return plural(errors, "error")
	case unread:
		return "could not be read"
	case warnings > 0:
		return plural(warnings, "warning")
	case unasked > 0:
		return "STS could not be asked"
	case role.Verdict == templates.TrustUnknown:
		return "can’t be tried"
	}
	return "nothing to mend"
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// ago says how old something is.
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute ago"
	case d < time.Hour:
		return plural(int(d/time.Minute), "minute") + " ago"
	case d < 48*time.Hour:
		return plural(int(d/time.Hour), "hour") + " ago"
	}
	return plural(int(d/(24*time.Hour)), "day") + " ago"
}
