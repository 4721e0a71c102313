package main

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/idp/idptest"
)

// TestNothingLeaks goes through everything that works and everything that fails, and then looks for every secret in
// everything that was written: log, audit log, standard output, metrics, database, and pages. Only an answer that hands
// credentials over may hold these.
func TestNothingLeaks(t *testing.T) {
	var v vault
	r := newRig(t, func(r *rig, yaml string) string {
		eavesdrop(t, r.world, &v)
		return yaml
	})
	w := &watcher{t: t, r: r, vault: &v}
	v.add("the client secret", r.world.clientSecret)
	v.add("an external id", demoExternalID)
	v.add("credentials of our own", r.world.credentials.SecretAccessKey.Reveal())
	v.add("credentials of our own", r.world.credentials.SessionToken.Reveal())
	for _, p := range demoPeople {
		v.add("a password", p.Password)
	}

	everybodyWorks(t, w)
	everyLieIsTold(t, w)
	everythingFails(t, w)
	metrics := readURL(t, readyOps(t, r)+"/metrics") + readURL(t, readyOps(t, r)+"/readyz")
	r.storeKeys(&v)
	r.fedbridge.stop()

	for what, least := range map[string]int{
		"a SAML response": 20, "a token": 20, "a code": 20, "a PKCE verifier": 20, "a cookie": 50, "credentials": 20, "a store key": 1,
		"a sign-in token of the console": 5, "a password": 5, "a response of our own": 2, "the client secret": 1, "credentials of our own": 2,
	} {
		if n := v.count(what); n < least {
			t.Errorf("only %d secrets of this kind were seen: %s", n, what)
		}
	}
	forms := v.forms()
	for secret, what := range v.secrets {
		if len(found(forms, "planted: "+secret)) == 0 {
			t.Fatalf("%s would not be found where it was", what)
		}
	}
	for _, page := range w.pages {
		if strings.Contains(page.text, idptest.Canary) {
			t.Errorf("%s shows what somebody outside wrote", page.what)
		}
		for _, what := range found(forms, page.text, page.may...) {
			t.Errorf("%s holds %s", page.what, what)
		}
	}
	if len(w.pages) < 200 {
		t.Errorf("only %d pages were looked at", len(w.pages))
	}
	places := map[string]string{
		"the log": r.fedbridge.log(), "standard output": r.fedbridge.printed(), "the audit log": readFile(t, r.audit), "the metrics": metrics,
	}
	_, out, errs := runCommand("audit", r.audit)
	places["fedbridge audit"] = out + errs
	for place, text := range places {
		for _, what := range found(forms, text) {
			t.Errorf("%s holds %s", place, what)
		}
	}
	for _, what := range found(forms, r.state(), r.keys()...) {
		t.Errorf("the database holds %s", what)
	}
	if log := r.fedbridge.log(); strings.Contains(log, "msg=panic") || !strings.Contains(log, "msg=stopping") {
		t.Error("there was a panic, or no end")
	}
}

// state is the database as it lies on the disk.
func (r *rig) state() string {
	var all strings.Builder
	for _, name := range []string{"state.db", "state.db-wal", "state.db-shm"} {
		if text, err := os.ReadFile(filepath.Join(r.dir, name)); err == nil {
			all.Write(text)
		}
	}
	return all.String()
}

func everybodyWorks(t *testing.T, w *watcher) {
	for who, want := range demoRoles {
		username, provider, _ := strings.Cut(who, " ")
		v := w.visit()
		v.signIn("/login/"+provider, personNamed(t, username))
		for role, obstacle := range want {
			if obstacle != "" {
				continue
			}
			useRole(t, v, w.r.ready(), username, role)
			v.page(v.Press("button[formaction=/roles/"+role+"/credentials]", nil)) // the page
			v.open("/roles/" + role)
			v.open("/")
		}
		v.open("/whoami")
		v.open("/whoami?format=json")
		v.open("/")
		v.page(v.Post("/logout", nil))
	}
}

// lies are those that a sign-in can be told.
var lies = append([]idptest.Lie{
	idptest.WrongAudience, idptest.WrongIssuer, idptest.Expired, idptest.FutureDated, idptest.BadSignature, idptest.StrangerKey,
	idptest.FailureStatus, idptest.NoSubject, idptest.WrongRequest, idptest.MissingRequest, idptest.ReplayedAnswer,
	idptest.AlgNone, idptest.HMACWithPublicKey, idptest.UnknownKid, idptest.JWKHeader, idptest.FoldedClaim, idptest.DuplicateClaim,
	idptest.TrailingData, idptest.InvalidUTF8, idptest.HugeToken, idptest.IssuerMixUp, idptest.WrongState, idptest.CodeAndError,
	idptest.NoIDToken, idptest.GroupOverage, idptest.GroupsAsObject, idptest.BadAtHash, idptest.LogoutToken, idptest.OtherParty,
	idptest.Unsolicited, idptest.WrongDestination, idptest.WrongRecipient, idptest.MissingAudience, idptest.UnsignedAssertion,
	idptest.TransientNameID, idptest.TwoAssertions, idptest.CommentInNameID, idptest.DoctypeEntity, idptest.SHA1Signature,
	idptest.KeyInfoOfStranger, idptest.HMACSignature, idptest.NestedStatus,
}, idptest.WrappedSignatures...)

func everyLieIsTold(t *testing.T, w *watcher) {
	oidc, saml := w.r.world.oidc, w.r.world.saml
	defer func() { oidc.Lie(); saml.Lie() }()
	ada := personNamed(t, "ada")
	for _, lie := range lies {
		oidc.Lie(lie)
		saml.Lie(lie)
		for _, provider := range []string{"corp", "web"} {
			v := w.visit()
			v.signIn("/login/"+provider, ada)
			v.open("/")
			v.page(v.Post("/roles/shop-prod/admin/credentials", nil))
		}
	}
}

// everythingFails lets what is outside fail, one after the other, with somebody at the portal who goes on.
func everythingFails(t *testing.T, w *watcher) {
	aws, oidc := w.r.world.aws, w.r.world.oidc
	ada := personNamed(t, "ada")
	try := func() {
		for _, provider := range []string{"corp", "web"} {
			v := w.visit()
			v.signIn("/login/"+provider, ada)
			for _, role := range []string{"shop-prod/admin", "data-lab/analyst", "shop-dev/readonly"} {
				for _, kind := range []string{"credentials", "console"} {
					v.open("/")
					v.page(v.Post("/roles/"+role+"/"+kind, url.Values{"duration": {"1h"}}))
				}
			}
		}
	}
	for _, code := range []string{"AccessDenied", "ExpiredTokenException", "InvalidIdentityToken", "IDPRejectedClaim", "PackedPolicyTooLarge", "ValidationError", "Unheard"} {
		aws.Refusing(code, "the request said "+idptest.Canary, http.StatusForbidden, 100)
		try()
		aws.Behave()
	}
	for _, fault := range []func(){
		func() { aws.Throttled(100) }, func() { aws.Failing(http.StatusInternalServerError, 100) }, func() { aws.Cut(100) }, func() { aws.WrongAccount(100) },
		func() { aws.SignInFaults.Failing(http.StatusInternalServerError, 100) }, func() { aws.SignInFaults.Cut(100) },
	} {
		fault()
		try()
		aws.Behave()
		aws.SignInFaults.Behave()
	}
	for _, fault := range []idptest.Fault{idptest.FaultError, idptest.FaultGarbage, idptest.FaultEmpty, idptest.FaultCut, idptest.FaultRedirect} {
		oidc.SetFault("/token", fault)
		try()
	}
	oidc.SetFault("/token", idptest.FaultNone)
	v := w.visit()
	v.signIn("/login/corp", ada)
	for _, wish := range []url.Values{{"duration": {"99h"}}, {"duration": {"x"}}, {"region": {"mars"}}, {"to": {"https://evil.example/"}}, {"format": {"exe"}, "download": {"1"}}, {"duration": {"1h", "2h"}}} {
		for _, kind := range []string{"credentials", "console"} {
			v.open("/")
			v.page(v.Post("/roles/shop-prod/admin/"+kind, wish))
		}
	}
	for _, path := range []string{"/nowhere", "/login/nobody", "/roles/x/y", "/saml/corp/metadata", "/oidc/web/callback?code=x&state=y", "/%2e%2e/x"} {
		v.open(path)
	}
	w.r.database("ALTER TABLE session RENAME TO lost")
	try()
	v.open("/")
	w.r.database("ALTER TABLE lost RENAME TO session")
}

// keys are those that the store keeps, which lie in the database and nowhere else.
func (r *rig) keys() (all []string) {
	db := r.open()
	defer db.Close()
	rows, err := db.Query("SELECT value FROM keys WHERE length(value) > 8")
	if err != nil {
		r.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var key []byte
		if err := rows.Scan(&key); err != nil {
			r.t.Fatal(err)
		}
		all = append(all, string(key))
	}
	return all
}

func (r *rig) storeKeys(v *vault) {
	for _, key := range r.keys() {
		v.add("a store key", key)
	}
}

func readyOps(t *testing.T, r *rig) string {
	t.Helper()
	m := regexp.MustCompile(`ops_listen: "([^"]+)"`).FindStringSubmatch(readFile(t, r.config))
	if m == nil {
		t.Fatal("no ops_listen")
	}
	return "http://" + m[1]
}

func readURL(t *testing.T, at string) string {
	t.Helper()
	response, err := http.Get(at)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestSecretInClear: a configuration with a secret in it is refused, and the refusal doesn't repeat the secret.
func TestSecretInClear(t *testing.T) {
	const secret = "hunter2-hunter2-hunter2"
	text := readFile(t, repository+"/fedbridge.example.yaml")
	clear := regexp.MustCompile(`client_secret: \S+`).ReplaceAllString(text, "client_secret: "+secret)
	if clear == text {
		t.Fatal("the example has no client_secret")
	}
	path := writeFile(t, t.TempDir(), "clear.yaml", clear)
	for _, command := range []string{"check", "serve", "test"} {
		code, out, errs := runCommand(command, path)
		if code != exitFault || !strings.Contains(errs+out, "client_secret") || strings.Contains(out+errs, secret) {
			t.Errorf("%s: %d %s%s", command, code, out, errs)
		}
	}
}
