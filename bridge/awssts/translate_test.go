package awssts_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awssts"
)

// TestTranslate has a row for each error that STS is known to answer, over the wire.
func TestTranslate(t *testing.T) {
	const arw, saml, web, own = bridge.ViaAssumeRole, bridge.ViaSAML, bridge.ViaWebIdentity, bridge.ViaIssuer
	cases := []struct {
		via    bridge.Via
		status int
		code   string
		text   string
		want   bridge.Code
		calls  int
	}{
		// Modelled errors.
		{saml, 400, "ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance", bridge.CodeSTSExpired, 1},
		{web, 400, "ExpiredTokenException", "Token expired: current date/time 2 must be before the expiration date/time 1", bridge.CodeSTSExpired, 1},
		{arw, 400, "ExpiredTokenException", "", bridge.CodeSTSCredentials, 1},
		{web, 400, "InvalidIdentityToken", "Incorrect token audience", bridge.CodeSTSInvalidProof, 1},
		{web, 400, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://x", bridge.CodeSTSInvalidProof, 1},
		{web, 400, "InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements", bridge.CodeSTSInvalidProof, 1},
		{web, 403, "IDPRejectedClaim", "revoked", bridge.CodeSTSClaimRejected, 1},
		{web, 400, "IDPCommunicationError", "", bridge.CodeSTSProviderDown, 2},
		{arw, 400, "MalformedPolicyDocument", "", bridge.CodeSTSPolicy, 1},
		{arw, 400, "PackedPolicyTooLarge", "112%", bridge.CodeSTSPacked, 1},
		{saml, 403, "RegionDisabledException", "STS is not activated in this region", bridge.CodeSTSRegion, 1},
		// Errors without a model.
		{arw, 403, "AccessDenied", "User: arn:aws:sts::1:assumed-role/x/y is not authorized to perform: sts:AssumeRole on resource: z", bridge.CodeSTSRefused, 1},
		{saml, 403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML", bridge.CodeSTSRefused, 1},
		{web, 403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", bridge.CodeSTSRefused, 1},
		{arw, 400, "ValidationError", "1 validation error detected: Value '5' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900", bridge.CodeSTSInvalidRequest, 1},
		{saml, 400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", bridge.CodeSTSDuration, 1},
		{saml, 400, "ValidationError", "Requested DurationSeconds exceeds MaxSessionDuration set for this role.", bridge.CodeSTSDuration, 1},
		{arw, 400, "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.", bridge.CodeSTSChained, 1},
		{arw, 400, "MalformedInput", "", bridge.CodeSTSInvalidRequest, 1},
		{arw, 403, "MissingAuthenticationToken", "Request is missing Authentication Token", bridge.CodeSTSNoCredentials, 1},
		{arw, 403, "InvalidClientTokenId", "The security token included in the request is invalid.", bridge.CodeSTSCredentials, 1},
		{arw, 403, "SignatureDoesNotMatch", "The request signature we calculated does not match", bridge.CodeSTSCredentials, 1},
		{arw, 403, "SignatureDoesNotMatch", "Signature expired: 20261121T100000Z is now earlier than 20261121T101000Z", bridge.CodeSTSClock, 1},
		{arw, 403, "SignatureDoesNotMatch", "Signature not yet current: 20261121T100000Z", bridge.CodeSTSClock, 1},
		{arw, 400, "IncompleteSignature", "", bridge.CodeSTSCredentials, 1},
		{arw, 403, "ExpiredToken", "The security token included in the request is expired", bridge.CodeSTSCredentials, 1},
		{saml, 403, "ExpiredToken", "", bridge.CodeSTSExpired, 1},
		{arw, 400, "RequestExpired", "", bridge.CodeSTSClock, 1},
		{web, 400, "Throttling", "Rate exceeded", bridge.CodeSTSThrottled, 2},
		{web, 400, "InvalidAction", "", bridge.CodeSTSInvalidRequest, 1},
		{saml, 500, "InternalFailure", "", bridge.CodeSTSDown, 2},
		{saml, 503, "ServiceUnavailable", "", bridge.CodeSTSDown, 2},
		// What AWS says of SAML responses.
		{saml, 400, "InvalidIdentityToken", "RoleSessionName is required in AuthnResponse", bridge.CodeSTSInvalidProof, 1},
		{saml, 400, "InvalidIdentityToken", "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}", bridge.CodeSTSInvalidProof, 1},
		{saml, 400, "InvalidIdentityToken", `Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"`, bridge.CodeSTSInvalidProof, 1},
		{saml, 400, "InvalidIdentityToken", "Response signature invalid", bridge.CodeSTSInvalidProof, 1},
		{saml, 400, "AuthSamlInvalidSamlResponseException", "Issuer not present in specified provider", bridge.CodeSTSInvalidProof, 1},
		{saml, 400, "ValidationError", "Specified provider doesn't exist.", bridge.CodeSTSInvalidProof, 1},
		{saml, 400, "SomethingNew", "Specified provider doesn't exist.", bridge.CodeSTSInvalidProof, 1},
		{saml, 400, "SomethingNew", "Response does not contain the required audience.", bridge.CodeSTSInvalidProof, 1},
		// Codes that nobody has seen yet: by status.
		{saml, 400, "SomethingNew", "", bridge.CodeSTSInvalidRequest, 1},
		{saml, 403, "SomethingNew", "", bridge.CodeSTSRefused, 1},
		{saml, 429, "SomethingNew", "", bridge.CodeSTSThrottled, 2},
		{saml, 502, "SomethingNew", "", bridge.CodeSTSDown, 2},
		// What fedbridge minted has no identity provider behind it: nobody can sign in again to mend it. STS may hold the
		// keys of before a rotation, so that one more try is worth it.
		{own, 400, "ExpiredTokenException", "Token expired: current date/time 2 must be before the expiration date/time 1", bridge.CodeSTSClock, 1},
		{own, 403, "ExpiredToken", "", bridge.CodeSTSClock, 1},
		{own, 403, "IDPRejectedClaim", "revoked", bridge.CodeSTSInvalidProof, 2},
		{own, 400, "InvalidIdentityToken", "Incorrect token audience", bridge.CodeSTSInvalidProof, 2},
		{own, 400, "IDPCommunicationError", "", bridge.CodeSTSProviderDown, 2},
		{own, 403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", bridge.CodeSTSRefused, 1},
		{own, 400, "PackedPolicyTooLarge", "112%", bridge.CodeSTSPacked, 1},
		{own, 400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", bridge.CodeSTSDuration, 1},
		{own, 403, "RegionDisabledException", "STS is not activated in this region", bridge.CodeSTSRegion, 1},
		// A text never turns one code into another's meaning.
		{saml, 403, "AccessDenied", "roles assumed by role chaining", bridge.CodeSTSRefused, 1},
		{saml, 403, "AccessDenied", "Signature expired", bridge.CodeSTSRefused, 1},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%s %d %s %.30s", c.via, c.status, c.code, c.text), func(t *testing.T) {
			t.Parallel()
			sts := newStub(t, func(_ int, w http.ResponseWriter, _ url.Values) { refuse(w, c.status, c.code, c.text) })
			_, err := client(t, awssts.Config{Endpoint: sts.URL, Credentials: keys()}).Exchange(context.Background(), question(c.via))
			wantCode(t, err, c.want)
			if got := len(sts.questions()); got != c.calls {
				t.Errorf("%d calls, want %d", got, c.calls)
			}
			if !strings.Contains(err.Error(), c.code) {
				t.Errorf("the log can't tell what STS said: %v", err)
			}
		})
	}
}

// TestRemedy: where the account and fedbridge don't fit together, the person reads which command says how, and nothing that
// STS said.
func TestRemedy(t *testing.T) {
	for code, want := range map[string]string{
		"AccessDenied": "fedbridge trust check shop-prod/Dev", "InvalidIdentityToken": "fedbridge trust check shop-prod/Dev",
		"IDPCommunicationError": "fedbridge trust check --live shop-prod/Dev", "PackedPolicyTooLarge": "", "Throttling": "", "InternalFailure": "",
	} {
		for _, via := range everyVia {
			sts := newStub(t, func(_ int, w http.ResponseWriter, form url.Values) {
				refuse(w, 400, code, "CANARY "+form.Get("WebIdentityToken"))
			})
			q := question(via, func(q *bridge.ExchangeRequest) { q.Role.Account.Name = "shop-prod" })
			_, err := client(t, awssts.Config{Endpoint: sts.URL, Credentials: keys()}).Exchange(context.Background(), q)
			if _, _, detail := bridge.Explain(err); detail != want {
				t.Errorf("%s, %s: detail %q, want %q", code, via, detail, want)
			}
		}
	}
	sts := newStub(t, func(_ int, w http.ResponseWriter, _ url.Values) { refuse(w, 403, "AccessDenied", "") })
	_, err := client(t, awssts.Config{Endpoint: sts.URL}).Exchange(context.Background(), question(bridge.ViaIssuer))
	if _, _, detail := bridge.Explain(err); detail != "fedbridge trust check "+account+"/Dev" {
		t.Errorf("an account without a name: %q", detail)
	}
}

// TestNoAnswer: what stands where STS should be, and doesn't speak its language.
func TestNoAnswer(t *testing.T) {
	cases := map[string]struct {
		answer func(w http.ResponseWriter)
		want   bridge.Code
		calls  int
	}{
		"200, a web page":   {func(w http.ResponseWriter) { fmt.Fprint(w, "<html>hello</html>") }, bridge.CodeSTSAnswer, 1},
		"200, nothing":      {func(http.ResponseWriter) {}, bridge.CodeSTSAnswer, 1},
		"200, no XML":       {func(w http.ResponseWriter) { fmt.Fprint(w, `{"Credentials":1}`) }, bridge.CodeSTSAnswer, 1},
		"200, endless":      {endless, bridge.CodeSTSAnswer, 1},
		"403, of a proxy":   {func(w http.ResponseWriter) { http.Error(w, "blocked by policy", http.StatusForbidden) }, bridge.CodeSTSDown, 1},
		"404":               {func(w http.ResponseWriter) { http.Error(w, "", http.StatusNotFound) }, bridge.CodeSTSDown, 1},
		"302 to elsewhere":  {func(w http.ResponseWriter) { w.Header().Set("Location", "/elsewhere"); w.WriteHeader(302) }, bridge.CodeSTSDown, 1},
		"307 to elsewhere":  {func(w http.ResponseWriter) { w.Header().Set("Location", "/elsewhere"); w.WriteHeader(307) }, bridge.CodeSTSDown, 1},
		"503, a web page":   {func(w http.ResponseWriter) { http.Error(w, "<html>down</html>", http.StatusServiceUnavailable) }, bridge.CodeSTSDown, 2},
		"429, a web page":   {func(w http.ResponseWriter) { http.Error(w, "slow down", http.StatusTooManyRequests) }, bridge.CodeSTSThrottled, 2},
		"connection cut":    {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, bridge.CodeSTSDown, 2},
		"cut in the middle": {func(w http.ResponseWriter) { w.Header().Set("Content-Length", "9999"); fmt.Fprint(w, "<AssumeRole") }, bridge.CodeSTSDown, 2},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sts := newStub(t, func(_ int, w http.ResponseWriter, _ url.Values) { c.answer(w) })
			_, err := client(t, awssts.Config{Endpoint: sts.URL}).Exchange(context.Background(), question(bridge.ViaSAML))
			wantCode(t, err, c.want)
			if got := len(sts.questions()); got != c.calls {
				t.Errorf("%d calls, want %d", got, c.calls)
			}
		})
	}
}

func endless(w http.ResponseWriter) {
	fmt.Fprint(w, "<AssumeRoleWithSAMLResponse><AssumeRoleWithSAMLResult>")
	filler := strings.Repeat("<x></x>", 10_000)
	for range 100 {
		if _, err := fmt.Fprint(w, filler); err != nil {
			return
		}
	}
}

// TestSlow: each of the limits ends a wait, and none asks twice.
func TestSlow(t *testing.T) {
	release := make(chan struct{})
	late := newStub(t, func(int, http.ResponseWriter, url.Values) { <-release })
	begun := newStub(t, func(_ int, w http.ResponseWriter, _ url.Values) {
		w.WriteHeader(200)
		_ = http.NewResponseController(w).Flush()
		<-release
	})
	t.Cleanup(func() { close(release) }) // before the servers close
	const short, long = 30 * time.Millisecond, time.Minute
	for name, c := range map[string]struct {
		sts    *stub
		limits awssts.Limits
	}{
		"no header":       {late, awssts.Limits{Header: short, Attempt: long, Total: long}},
		"no end":          {begun, awssts.Limits{Header: long, Attempt: short, Total: long}},
		"no end in total": {begun, awssts.Limits{Header: long, Attempt: long, Total: short}},
	} {
		before := len(c.sts.questions())
		_, err := client(t, awssts.Config{Endpoint: c.sts.URL, Limits: c.limits}).Exchange(context.Background(), question(bridge.ViaSAML))
		if got := bridge.CodeOf(err); got != bridge.CodeSTSDown {
			t.Errorf("%s: %v", name, err)
		}
		if calls := len(c.sts.questions()) - before; calls > 1 {
			t.Errorf("%s: %d calls, want one at most", name, calls)
		}
	}
}

func TestGivenUp(t *testing.T) {
	ctx, giveUp := context.WithCancel(context.Background())
	release := make(chan struct{})
	sts := newStub(t, func(int, http.ResponseWriter, url.Values) { giveUp(); <-release })
	t.Cleanup(func() { close(release) })
	c := client(t, awssts.Config{Endpoint: sts.URL})
	_, err := c.Exchange(ctx, question(bridge.ViaSAML))
	wantCode(t, err, bridge.CodeClientGone)
	if e := c.Status().Endpoints[0]; !e.Failed.IsZero() || e.Code != "" {
		t.Errorf("a person who left counts against STS: %+v", e)
	}
	expired, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	defer cancel()
	_, err = c.Exchange(expired, question(bridge.ViaSAML))
	wantCode(t, err, bridge.CodeSTSDown)
}

// TestSecondAttempt: one failure is mended by asking again.
func TestSecondAttempt(t *testing.T) {
	for name, fail := range map[string]func(w http.ResponseWriter){
		"throttled": func(w http.ResponseWriter) { refuse(w, 400, "Throttling", "Rate exceeded") },
		"503":       func(w http.ResponseWriter) { refuse(w, 503, "ServiceUnavailable", "") },
		"idp":       func(w http.ResponseWriter) { refuse(w, 400, "IDPCommunicationError", "") },
		"cut":       func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sts := newStub(t, func(n int, w http.ResponseWriter, form url.Values) {
				if n == 0 {
					fail(w)
					return
				}
				succeed(n, w, form)
			})
			exchange(t, client(t, awssts.Config{Endpoint: sts.URL}), question(bridge.ViaWebIdentity))
		})
	}
}

// TestSameProofAgain: a second attempt brings the very proof of the first; nothing else was minted for it.
func TestSameProofAgain(t *testing.T) {
	for _, q := range []bridge.ExchangeRequest{question(bridge.ViaIssuer), question(bridge.ViaIssuer, asSAML)} {
		sts := newStub(t, func(n int, w http.ResponseWriter, form url.Values) {
			if n == 0 {
				refuse(w, 503, "ServiceUnavailable", "")
				return
			}
			succeed(n, w, form)
		})
		exchange(t, client(t, awssts.Config{Endpoint: sts.URL}), q)
		asked := sts.questions()
		if len(asked) != 2 || asked[0].form.Encode() != asked[1].form.Encode() {
			t.Errorf("%s: %d questions, not alike", q.Proof.Kind, len(asked))
		}
	}
}

// TestConnectionRefused: nobody listens there at all.
func TestConnectionRefused(t *testing.T) {
	sts := newStub(t, succeed)
	sts.Close()
	c := client(t, awssts.Config{Endpoint: sts.URL})
	_, err := c.Exchange(context.Background(), question(bridge.ViaSAML))
	wantCode(t, err, bridge.CodeSTSDown)
	if e := c.Status().Endpoints; len(e) != 1 || e[0].Code != bridge.CodeSTSDown || e[0].Failed.IsZero() {
		t.Errorf("status is %+v", e)
	}
}

// TestCausesHoldNoProof: STS quotes what it refuses, in whole, cut, or in another spelling.
func TestCausesHoldNoProof(t *testing.T) {
	long := strings.Repeat("Zm9vYmFyCANARY", 20)
	token := "eyJhbGciOiJSUzI1NiJ9." + long + ".c2lnbmF0dXJlCANARY"
	for name, text := range map[string]string{
		"whole":       "Value '" + token + "' at 'webIdentityToken' failed to satisfy constraint",
		"cut":         "Value '" + token[:100] + "...' at 'webIdentityToken' failed",
		"a part":      "payload " + long + " is bad",
		"the end":     "signature c2lnbmF0dXJlCANARY is bad",
		"escaped":     url.QueryEscape(token),
		"in pieces":   token[:60] + " " + token[60:],
		"a long text": strings.Repeat("so what ", 100) + token,
	} {
		for _, status := range []int{400, 503} {
			sts := newStub(t, func(_ int, w http.ResponseWriter, _ url.Values) { refuse(w, status, "ValidationError", text) })
			q := question(bridge.ViaWebIdentity, func(q *bridge.ExchangeRequest) { q.Proof.Raw = bridge.NewSecret(token) })
			_, err := client(t, awssts.Config{Endpoint: sts.URL}).Exchange(context.Background(), q)
			for wrapped := err; wrapped != nil; wrapped = unwrap(wrapped) {
				if s := fmt.Sprintf("%v %+v", wrapped, wrapped); strings.Contains(s, "CANARY") {
					t.Errorf("%s: the cause shows the proof: %s", name, s)
				}
			}
		}
	}
	// The same through a body that is no error of STS's.
	for _, status := range []int{200, 302, 400, 500} {
		sts := newStub(t, func(_ int, w http.ResponseWriter, _ url.Values) {
			w.WriteHeader(status)
			fmt.Fprintf(w, "<a CANARY=%q><CANARY>%s", token, token)
		})
		q := question(bridge.ViaWebIdentity, func(q *bridge.ExchangeRequest) { q.Proof.Raw = bridge.NewSecret(token) })
		_, err := client(t, awssts.Config{Endpoint: sts.URL}).Exchange(context.Background(), q)
		if err == nil || strings.Contains(err.Error(), long) || strings.Contains(err.Error(), token) {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func unwrap(err error) error {
	if u, ok := err.(interface{ Unwrap() error }); ok {
		return u.Unwrap()
	}
	return nil
}
