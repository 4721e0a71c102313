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
	out, err := parseStatement(a)
	if err == nil {
		err = r.checkStatement(out)
	}
	return out, err
}

// parseStatement reads the one AuthnStatement, and holds it to nothing.
func parseStatement(a *etree.Element) (statement, error) {
	out := statement{}
	el, err := required(a, nsAssertion, "AuthnStatement")
	if err != nil {
		return out, err
	}
	if out.instant, err = requiredTime(el, "AuthnInstant"); err != nil {
		return out, err
	}
	if out.sessionEnd, _, err = timeAttribute(el, "SessionNotOnOrAfter"); err != nil {
		return out, err
	}
	out.sessionIndex, _ = attribute(el, "SessionIndex")
	out.context, err = parseContext(el)
	return out, err
}

// parseContext reads the authentication context's class; "" where there is none.
func parseContext(el *etree.Element) (string, error) {
	context, err := required(el, nsAssertion, "AuthnContext")
	if err != nil {
		return "", err
	}
	class, err := optional(context, nsAssertion, "AuthnContextClassRef")
	if class == nil || err != nil {
		return "", err
	}
	value, err := text(class)
	if err != nil {
		return "", fmt.Errorf("AuthnContextClassRef %w", err)
	}
	return value, nil
}

// checkStatement holds the statement to the clock and to what the request demanded.
func (r *reader) checkStatement(said statement) error {
	// Old instants are usual: a provider's session may last for weeks. Those of the future aren't.
	if said.instant.After(r.now.Add(skew)) {
		return clockError(r.now, "presence was proved at %s", clockText(said.instant))
	}
	if r.expect.fresh && said.instant.Before(r.expect.earliest.Add(-skew)) {
		return bridge.FailWith(bridge.CodeProviderRefused, "a fresh sign-in was asked for and not made",
			fmt.Errorf("saml: ForceAuthn was ignored: AuthnInstant %s", clockText(said.instant)))
	}
	if !said.sessionEnd.IsZero() && !r.now.Add(-skew).Before(said.sessionEnd) {
		return clockError(r.now, "the session at the provider ended at %s", clockText(said.sessionEnd))
	}
	// SAML Core §3.3.2.2.1, exact comparison: a provider that ignores the demand isn't believed to have fulfilled it.
	if len(r.terms.contexts) > 0 && !slices.Contains(r.terms.contexts, said.context) {
		return bridge.FailWith(bridge.CodeProviderRefused,
			fmt.Sprintf("authentication context: expected %s, got %.300q", strings.Join(r.terms.contexts, " or "), said.context), nil)
	}
	return nil
}
