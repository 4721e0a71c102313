package awsconsole

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// maxAnswer bounds what is read of an answer; a real one has about two kilobytes.
const maxAnswer = 64 << 10

// signinToken is what a token looks like; anything else would not be put into a URL that a browser follows.
var signinToken = regexp.MustCompile(`^[\x21-\x7e]+$`)

// Link makes a login URL for the credentials: see bridge.ConsoleLinker.
func (l *Linker) Link(ctx context.Context, creds bridge.Credentials, to bridge.Destination) (bridge.Secret, error) {
	destination, err := l.destination(creds.Role, to)
	if err != nil {
		return bridge.Secret{}, err
	}
	partition, _ := bridge.PartitionByID(creds.Role.ARN.Partition)
	federation := l.config.signIn(creds.Role, partition) + "/federation" // both steps use the same host
	token, err := l.signinToken(ctx, federation, creds)
	if err != nil {
		return bridge.Secret{}, err
	}
	// IAM User Guide, "Enable custom identity broker access to the AWS console", step 5.
	return bridge.NewSecret(federation + "?" + url.Values{
		"Action": {"login"}, "Issuer": {l.config.Issuer}, "Destination": {destination}, "SigninToken": {token},
	}.Encode()), nil
}

// session is the Session parameter, in the federation endpoint's words.
type session struct {
	ID    string `json:"sessionId"`
	Key   string `json:"sessionKey"`
	Token string `json:"sessionToken"`
}

// signinToken trades credentials for a sign-in token (the guide's step 4), by POST.
func (l *Linker) signinToken(ctx context.Context, federation string, creds bridge.Credentials) (string, error) {
	about, err := json.Marshal(session{creds.AccessKeyID, creds.SecretAccessKey.Reveal(), creds.SessionToken.Reveal()})
	if err != nil {
		return "", bridge.Fail(bridge.CodeInternal, errors.New("console: session parameter"))
	}
	form := url.Values{"Action": {"getSigninToken"}, "Session": {string(about)}}.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, federation, strings.NewReader(form))
	if err != nil {
		return "", bridge.Fail(bridge.CodeConsoleDown, fmt.Errorf("console: %s", hostOf(federation)))
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "fedbridge")
	answer, err := l.http.Do(r)
	if err != nil {
		return "", silence(ctx, federation, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err != nil {
		return "", silence(ctx, federation, err)
	}
	return readToken(federation, answer.StatusCode, body)
}

// readToken reads the answer. The body of a refusal is HTML without a code in it (facts 5.5), and a body of any kind
// could hold what we sent, so it goes nowhere.
func readToken(federation string, status int, body []byte) (string, error) {
	cause := fmt.Errorf("console: %s: status %d", hostOf(federation), status)
	switch {
	case status == http.StatusTooManyRequests, status >= 500, status != http.StatusOK && status < 400:
		return "", bridge.Fail(bridge.CodeConsoleDown, cause)
	case status != http.StatusOK:
		return "", bridge.Fail(bridge.CodeConsoleRefused, cause)
	case len(body) > maxAnswer:
		return "", bridge.Fail(bridge.CodeConsoleDown, fmt.Errorf("%w: longer than %d bytes", cause, maxAnswer))
	}
	var found struct{ SigninToken string }
	if json.Unmarshal(body, &found) != nil || !signinToken.MatchString(found.SigninToken) {
		return "", bridge.Fail(bridge.CodeConsoleDown, fmt.Errorf("%w: no sign-in token in the answer", cause))
	}
	return found.SigninToken, nil
}

// silence: nothing came back, or it broke off.
func silence(ctx context.Context, federation string, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return bridge.Fail(bridge.CodeClientGone, fmt.Errorf("console: %s: %w", hostOf(federation), context.Canceled))
	}
	return bridge.Fail(bridge.CodeConsoleDown, fmt.Errorf("console: %s: %s", hostOf(federation), reason(err)))
}

// reason says what went wrong with a connection, in words that hold nothing of what went over it: net/http quotes an
// answer that it can't read.
func reason(err error) string {
	var slow net.Error
	if errors.As(err, &slow) && slow.Timeout() {
		return "timed out"
	}
	if broken, ok := errors.AsType[*net.OpError](err); ok {
		return broken.Error()
	}
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return untrusted.Error()
	}
	return "no answer that can be read"
}

func hostOf(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "federation endpoint"
	}
	return u.Host
}
