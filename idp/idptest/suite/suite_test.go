package suite_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
	"github.com/fedbridge/fedbridge/idp/idptest/suite"
	"github.com/fedbridge/fedbridge/idp/oidc"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// The kinds that are built pass the suite. This is also how a kind's own test calls it.

const oidcSecret = "s3cret&more"

var (
	rejected  = []bridge.Code{bridge.CodeAnswerRejected}
	malformed = []bridge.Code{bridge.CodeAnswerMalformed}
	audience  = []bridge.Code{bridge.CodeAudience}
	clock     = []bridge.Code{bridge.CodeClock}
	unread    = []bridge.Code{bridge.CodeAnswerMalformed, bridge.CodeAnswerRejected}
	noSubject = []bridge.Code{bridge.CodeSubjectMissing, bridge.CodeClaim}
	badClaim  = []bridge.Code{bridge.CodeClaim}
)

// openOIDC opens a provider of ours at one of idptest's.
func openOIDC(
	t *testing.T, name string, deps idp.Deps, theirs func(*idptest.OIDCOptions), ours func(*oidc.Config),
) (idp.IdentityProvider, *idptest.OIDC) {
	t.Helper()
	t.Setenv("IDPTEST_SUITE_SECRET", oidcSecret)
	o := suite.OpenOIDC(t, name, oidcSecret, deps, theirs)
	config := oidc.Config{
		Common: idp.Common{Name: name, Kind: idp.KindOIDC}, Issuer: o.Issuer(), ClientID: suite.OIDCClient,
		ClientSecret: "env:IDPTEST_SUITE_SECRET", Algorithms: []string{"ES256"},
	}
	if ours != nil {
		ours(&config)
	}
	provider, err := config.Open(deps)
	if err != nil {
		t.Fatal(err)
	}
	return provider, o
}

func TestOIDC(t *testing.T) {
	suite.Run(t, suite.Kind{
		Proof: bridge.ProofIDToken,
		Open: func(t *testing.T, name string, deps idp.Deps) suite.Kit {
			return suite.ForOIDC(openOIDC(t, name, deps, nil, nil))
		},
		Lies: map[idptest.Lie][]bridge.Code{
			idptest.AlgNone: rejected, idptest.HMACWithPublicKey: rejected, idptest.UnknownKid: rejected,
			idptest.JWKHeader: rejected, idptest.JKUHeader: rejected, idptest.X5CHeader: rejected,
			idptest.IssuerMixUp: rejected, idptest.MissingIss: rejected, idptest.BadAtHash: rejected,
			idptest.WrongState: {bridge.CodeLoginStale}, idptest.CodeAndError: malformed, idptest.NoIDToken: malformed,
			idptest.MissingExp: badClaim, idptest.MissingIat: badClaim, idptest.EndlessToken: slices.Concat(clock, rejected),
			idptest.MissingAud: audience, idptest.ExtraAudience: audience, idptest.OtherParty: audience,
			idptest.NullSub: noSubject, idptest.EmptySub: noSubject, idptest.NumericSub: noSubject,
			idptest.FoldedClaim: badClaim, idptest.CaseVariantClaim: badClaim, idptest.DuplicateClaim: badClaim,
			idptest.TrailingData: unread, idptest.InvalidUTF8: unread,
			idptest.HugeToken:    {bridge.CodeAnswerTooLarge},
			idptest.GroupOverage: {bridge.CodeGroupOverage},
			idptest.LogoutToken:  rejected, idptest.AccessTokenTyp: rejected,
			idptest.GroupsAsObject: badClaim, idptest.GroupsAsNumbers: badClaim,
		},
	})
}

func openSAML(
	t *testing.T, name string, deps idp.Deps, theirs func(*idptest.SAMLOptions), ours func(*saml.Config),
) (idp.IdentityProvider, *idptest.SAML) {
	t.Helper()
	s := suite.OpenSAML(t, name, deps, theirs)
	config := &saml.Config{
		Common: idp.Common{Name: name, Kind: idp.KindSAML}, Metadata: s.MetadataURL(),
		Claims: saml.Claims{Email: "mail", Name: "displayName", Groups: saml.GroupsClaim{Claim: "memberOf"}},
	}
	if ours != nil {
		ours(config)
	}
	provider, err := config.Open(deps)
	if err != nil {
		t.Fatal(err)
	}
	return provider, s
}

func TestSAML(t *testing.T) {
	lies := map[idptest.Lie][]bridge.Code{
		idptest.WrongDestination: {bridge.CodeDestination}, idptest.WrongRecipient: {bridge.CodeDestination},
		idptest.MissingAudience: audience, idptest.NotBearer: unread,
		idptest.UnsignedAssertion: rejected, idptest.KeyInfoOfStranger: rejected, idptest.HMACSignature: rejected,
		idptest.TwoReferences: unread, idptest.SHA1Signature: {bridge.CodeStrength},
		idptest.TransientNameID: {bridge.CodeSubjectTransient}, idptest.EmptyNameID: noSubject,
		idptest.TwoAssertions: unread, idptest.CommentInNameID: unread, idptest.DoctypeEntity: unread,
		idptest.NestedStatus: {bridge.CodeProviderRefused},
		idptest.Unsolicited:  {bridge.CodeLoginStale, bridge.CodeAnswerRejected},
	}
	for _, lie := range idptest.WrappedSignatures {
		lies[lie] = unread
	}
	suite.Run(t, suite.Kind{
		Proof: bridge.ProofSAML,
		Open: func(t *testing.T, name string, deps idp.Deps) suite.Kit {
			return suite.ForSAML(openSAML(t, name, deps, nil, nil))
		},
		Lies: lies,
	})
}

// signIn goes the whole way once.
func signIn(t *testing.T, kit suite.Kit) bridge.Identity {
	t.Helper()
	login := idp.NewLogin("corp", "/", time.Now())
	challenge, err := kit.Provider.Begin(context.Background(), login)
	if err != nil {
		t.Fatal(err)
	}
	id, _, err := kit.Provider.Finish(context.Background(), login, kit.SignIn(t, challenge))
	if err != nil {
		t.Fatal(err)
	}
	if id.Subject != suite.Person.Subject || !slices.Equal(id.Groups, suite.Person.Groups) {
		t.Errorf("signed in as %q in %q", id.Subject, id.Groups)
	}
	return id
}

func deps() idp.Deps {
	return idp.Deps{BaseURL: suite.BaseURL, Replay: suite.NewReplay(), Now: time.Now}
}
