package idptest

// Lie is one way in which a provider's answers can be wrong. The names mean the same for both kinds, as far as both
// protocols know the thing.
type Lie string

// Lies that both kinds tell.
const (
	WrongAudience  Lie = "WrongAudience"  // made for another relying party
	WrongIssuer    Lie = "WrongIssuer"    // says that another provider made it
	Expired        Lie = "Expired"        // was valid an hour ago
	FutureDated    Lie = "FutureDated"    // will be valid in an hour
	BadSignature   Lie = "BadSignature"   // was changed after it was signed
	StrangerKey    Lie = "StrangerKey"    // signed by a key that isn't the provider's, under the name of one that is
	FailureStatus  Lie = "FailureStatus"  // "access_denied", RequestDenied: no sign-in, with CANARY in the description
	NoSubject      Lie = "NoSubject"      // names nobody
	WrongRequest   Lie = "WrongRequest"   // answers another login: another nonce, another InResponseTo
	MissingRequest Lie = "MissingRequest" // answers no login in particular: no nonce, no InResponseTo
	ReplayedAnswer Lie = "ReplayedAnswer" // the last true ID token or response once more, whatever was asked
)

// Lies of the OIDC provider, and its own words for some of the above.
const (
	NotYetValid  = FutureDated
	WrongNonce   = WrongRequest
	NoNonce      = MissingRequest
	MissingSub   = NoSubject
	ErrorAnswer  = FailureStatus
	NullSub      = Lie("NullSub")  // sub is null
	EmptySub     = Lie("EmptySub") // sub is ""
	NumericSub   = Lie("NumericSub")
	MissingExp   = Lie("MissingExp")
	MissingIat   = Lie("MissingIat")
	EndlessToken = Lie("EndlessToken") // valid for ten years
	MissingAud   = Lie("MissingAud")

	AlgNone           Lie = "AlgNone"           // alg none and no signature
	HMACWithPublicKey Lie = "HMACWithPublicKey" // HS256 keyed with the public key's PEM
	UnknownKid        Lie = "UnknownKid"        // signed by a stranger's key under a kid that the JWKS hasn't
	JWKHeader         Lie = "JWKHeader"         // a stranger's key in the header's jwk
	JKUHeader         Lie = "JKUHeader"         // a stranger's keys at the header's jku, /stranger-jwks
	X5CHeader         Lie = "X5CHeader"         // a stranger's certificate in the header's x5c

	FoldedClaim      Lie = "FoldedClaim"      // "ſub" beside "sub", which case-folding decoders take for it
	CaseVariantClaim Lie = "CaseVariantClaim" // "Sub" beside "sub"
	DuplicateClaim   Lie = "DuplicateClaim"   // two members "sub"
	TrailingData     Lie = "TrailingData"     // a second JSON value after the claims
	InvalidUTF8      Lie = "InvalidUTF8"      // a name that isn't UTF-8
	HugeToken        Lie = "HugeToken"        // 64 KB of padding in a claim

	IssuerMixUp            Lie = "IssuerMixUp"            // iss parameter of the authorization response names another
	MissingIss             Lie = "MissingIss"             // the iss parameter was announced and isn't there
	WrongState             Lie = "WrongState"             // state isn't the one that was sent
	CodeAndError           Lie = "CodeAndError"           // both code and error come back
	OtherSubjectAtUserInfo Lie = "OtherSubjectAtUserInfo" // UserInfo speaks of somebody else
	IgnorePKCE             Lie = "IgnorePKCE"             // the token endpoint doesn't look at the verifier
	NoIDToken              Lie = "NoIDToken"              // the token response has no id_token
	GroupOverage           Lie = "GroupOverage"           // groups as a distributed claim (Entra: _claim_names)
	GroupsAsObject         Lie = "GroupsAsObject"         // groups is an object
	GroupsAsNumbers        Lie = "GroupsAsNumbers"        // groups holds numbers
	BadAtHash              Lie = "BadAtHash"              // at_hash of another access token
	LogoutToken            Lie = "LogoutToken"            // typ logout+jwt, with an events claim
	AccessTokenTyp         Lie = "AccessTokenTyp"         // typ at+jwt
	ExtraAudience          Lie = "ExtraAudience"          // a second audience, and no azp
	OtherParty             Lie = "OtherParty"             // azp names another client
	TenantMismatch         Lie = "TenantMismatch"         // tid and hd of another organisation
	EmailUnverified        Lie = "EmailUnverified"        // email_verified is false
	DiscoveryIssuer        Lie = "DiscoveryIssuer"        // the discovery document names another issuer
	DiscoveryAlgorithms    Lie = "DiscoveryAlgorithms"    // the discovery document announces none and HS256
)

// Lies of the SAML identity provider, and its own words for some of the common ones.
const (
	NoNameID            = NoSubject
	WrongInResponseTo   = WrongRequest
	MissingInResponseTo = MissingRequest
	Unsolicited         = Lie("Unsolicited") // neither InResponseTo nor RelayState: what a dashboard tile sends

	WrongDestination   Lie = "WrongDestination"   // Destination is another ACS
	MissingDestination Lie = "MissingDestination" // no Destination
	WrongRecipient     Lie = "WrongRecipient"     // Recipient is another ACS
	MissingAudience    Lie = "MissingAudience"    // no AudienceRestriction
	NotBearer          Lie = "NotBearer"          // confirmed as holder-of-key
	UnsignedAssertion  Lie = "UnsignedAssertion"  // no signature anywhere
	TransientNameID    Lie = "TransientNameID"    // a new name each time
	EmptyNameID        Lie = "EmptyNameID"
	TwoAssertions      Lie = "TwoAssertions"     // both signed
	CommentInNameID    Lie = "CommentInNameID"   // a comment splits the NameID's text after it was signed
	DoctypeEntity      Lie = "DoctypeEntity"     // a DOCTYPE with an external entity at /entity
	SHA1Signature      Lie = "SHA1Signature"     // signature and digest by SHA-1
	KeyInfoOfStranger  Lie = "KeyInfoOfStranger" // signed by a stranger, whose certificate stands in KeyInfo
	TwoReferences      Lie = "TwoReferences"     // a second Reference in SignedInfo
	HMACSignature      Lie = "HMACSignature"     // HMAC keyed with the certificate
	NestedStatus       Lie = "NestedStatus"      // top status Responder, Success nested below

	// Signature wrapping, in the numbering of SAML Raider.
	WrappedSignature1 Lie = "WrappedSignature1" // forged Response around, the signed one inside its Signature
	WrappedSignature2 Lie = "WrappedSignature2" // forged Response around, the signed one before the Signature
	WrappedSignature3 Lie = "WrappedSignature3" // forged assertion before the signed one
	WrappedSignature4 Lie = "WrappedSignature4" // forged assertion around the signed one
	WrappedSignature5 Lie = "WrappedSignature5" // forged assertion holds the signature, the signed one at the end
	WrappedSignature6 Lie = "WrappedSignature6" // forged assertion, its signature holds the signed one
	WrappedSignature7 Lie = "WrappedSignature7" // forged assertion in Extensions
	WrappedSignature8 Lie = "WrappedSignature8" // forged assertion, the signed one in an Object of its signature
	WrappedSignature      = WrappedSignature3
)

// WrappedSignatures are all variants of signature wrapping.
var WrappedSignatures = []Lie{
	WrappedSignature1, WrappedSignature2, WrappedSignature3, WrappedSignature4,
	WrappedSignature5, WrappedSignature6, WrappedSignature7, WrappedSignature8,
}

// Intruder is the subject that forged parts of answers name: it must not appear in any identity.
const Intruder = "intruder@evil.example"

// Canary stands in every text of a provider that people must not be shown.
const Canary = "CANARY"
