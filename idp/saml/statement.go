package saml

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
)

// statement is how and when the person proved presence, and the session at the provider (SAML Core §2.7.2).
type statement struct {
	instant      time.Time
	context      string
	sessionIndex string
	sessionEnd   time.Time
}

func (r *reader) readStatement(a *etree.Element) (statement, error) {
	out := statement{}
	el, err := required(a, nsAssertion, "AuthnStatement")
	if err != nil {
		return out, err
	}
	if out.instant, err = requiredTime(el, "AuthnInstant"); err != nil {
		return out, err
	}
	// Old ones are usual: a provider's session may last for weeks. Ones of the future aren't.
	if out.instant.After(r.now.Add(skew)) {
		return out, clockError(r.now, "presence was proved at %s", clockText(out.instant))
	}
	if r.expect.fresh && out.instant.Before(r.expect.earliest.Add(-skew)) {
		return out, bridge.FailWith(bridge.CodeProviderRefused, "a fresh sign-in was asked for and not made",
			fmt.Errorf("saml: ForceAuthn was ignored: AuthnInstant %s", clockText(out.instant)))
	}
	out.sessionIndex, _ = attribute(el, "SessionIndex")
	end, ok, err := timeAttribute(el, "SessionNotOnOrAfter")
	if err != nil {
		return out, err
	}
	if ok && !r.now.Add(-skew).Before(end) {
		return out, clockError(r.now, "the session at the provider ended at %s", clockText(end))
	}
	out.sessionEnd = end
	out.context, err = r.readContext(el)
	return out, err
}

// readContext holds the authentication context to what the request demanded (SAML Core §3.3.2.2.1, exact comparison): a
// provider that ignores the demand isn't believed to have fulfilled it.
func (r *reader) readContext(el *etree.Element) (string, error) {
	context, err := required(el, nsAssertion, "AuthnContext")
	if err != nil {
		return "", err
	}
	class, err := optional(context, nsAssertion, "AuthnContextClassRef")
	if err != nil {
		return "", err
	}
	value := ""
	if class != nil {
		if value, err = text(class); err != nil {
			return "", fmt.Errorf("AuthnContextClassRef %w", err)
		}
	}
	if len(r.terms.contexts) > 0 && !slices.Contains(r.terms.contexts, value) {
		return "", bridge.FailWith(bridge.CodeProviderRefused,
			fmt.Sprintf("authentication context: expected %s, got %.300q", strings.Join(r.terms.contexts, " or "), value), nil)
	}
	return value, nil
}
