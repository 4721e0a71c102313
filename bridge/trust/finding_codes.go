package trust

import "slices"

// The codes. Their order is that of README.
const (
	CodeRoleUnread  Code = "trust-role-unread"
	CodeRoleMissing Code = "trust-role-missing"
	CodeNotPolicy   Code = "trust-not-policy"
	CodeOperator    Code = "trust-operator"
	CodeLength      Code = "trust-length"

	CodeRefusedPrincipal  Code = "trust-refused-principal"
	CodeRefusedAction     Code = "trust-refused-action"
	CodeRefusedAudience   Code = "trust-refused-audience"
	CodeRefusedSubject    Code = "trust-refused-subject"
	CodeRefusedRecipient  Code = "trust-refused-recipient"
	CodeRefusedExternalID Code = "trust-refused-external-id"
	CodeRefusedCondition  Code = "trust-refused-condition"
	CodeRefusedDeny       Code = "trust-refused-deny"
	CodeNoTagSession      Code = "trust-no-tag-session"
	CodeTagKeys           Code = "trust-tag-keys"
	CodeNoSourceIdentity  Code = "trust-no-source-identity"
	CodeUnknown           Code = "trust-unknown"
	CodeDepends           Code = "trust-depends"
	CodeCallerUnknown     Code = "trust-caller-unknown"

	CodeAnyone              Code = "trust-anyone"
	CodePrincipalPattern    Code = "trust-principal-pattern"
	CodeNoAudience          Code = "trust-no-audience"
	CodeAudienceWide        Code = "trust-audience-wide"
	CodeNoSubject           Code = "trust-no-subject"
	CodeSubjectWide         Code = "trust-subject-wide"
	CodeNoRecipient         Code = "trust-no-recipient"
	CodeRecipientWide       Code = "trust-recipient-wide"
	CodeNoExternalID        Code = "trust-no-external-id"
	CodeExternalIDWide      Code = "trust-external-id-wide"
	CodeActionWide          Code = "trust-action-wide"
	CodeExtraTagSession     Code = "trust-extra-tag-session"
	CodeExtraSourceIdentity Code = "trust-extra-source-identity"
	CodeTagsAny             Code = "trust-tags-any"
	CodeWholeAccount        Code = "trust-whole-account"
	CodeOtherPrincipal      Code = "trust-other-principal"

	CodeMaxSession      Code = "trust-max-session"
	CodeMaxSessionLower Code = "trust-max-session-lower"

	CodeProviderUnread     Code = "trust-provider-unread"
	CodeProviderMissing    Code = "trust-provider-missing"
	CodeProviderURL        Code = "trust-provider-url"
	CodeClientID           Code = "trust-client-id"
	CodeClientIDExtra      Code = "trust-client-id-extra"
	CodeMetadata           Code = "trust-metadata"
	CodeEntityID           Code = "trust-entity-id"
	CodeCertificate        Code = "trust-certificate"
	CodeCertificateNext    Code = "trust-certificate-next"
	CodeProviderExpired    Code = "trust-provider-expired"
	CodeProviderExpires    Code = "trust-provider-expires"
	CodeEncryptionRequired Code = "trust-encryption-required"
	CodeEncryptionKey      Code = "trust-encryption-key"
	CodeEncryptionID       Code = "trust-encryption-id"
)

// CodeDoc says what a code means.
type CodeDoc struct {
	Code     Code
	Severity Severity // the usual one
	Meaning  string
	Remedy   string
}

// Codes lists every code that Diagnose may give, in the order of README.
func Codes() []CodeDoc { return slices.Clone(codeDocs) }

func docOf(code Code) CodeDoc {
	for _, d := range codeDocs {
		if d.Code == code {
			return d
		}
	}
	return CodeDoc{Code: code, Severity: SeverityError}
}

var codeDocs = []CodeDoc{
	{CodeRoleUnread, SeverityWarning, "The IAM role was not read, or could not be.", "Give its trust policy as a file, or credentials that may call iam:GetRole."},
	{CodeRoleMissing, SeverityError, "The account has no role of this ARN.", "Create it, or correct the ARN: path and case count."},
	{CodeNotPolicy, SeverityError, "The document is not a trust policy that IAM takes.", "Correct it, or take what the generator prints."},
	{CodeOperator, SeverityError, "A condition operator is none that IAM knows.", "Correct its name; case counts."},
	{CodeLength, SeverityWarning, "The policy is longer than IAM's default quota.", "Shorten it, or have the quota raised."},

	{CodeRefusedPrincipal, SeverityError, "The policy doesn't name who vouches for fedbridge, or who fedbridge is.", "Apply the fix, which names it."},
	{CodeRefusedAction, SeverityError, "The policy names us and doesn't allow the action that we use.", "Apply the fix, which allows it."},
	{CodeRefusedAudience, SeverityError, "The policy wants another audience than our tokens have.", "Apply the fix, or set `audience`."},
	{CodeRefusedSubject, SeverityError, "The policy wants another subject than our tokens have.", "Apply the fix: subjects begin with the role's name and a slash."},
	{CodeRefusedRecipient, SeverityError, "The policy wants another SAML recipient than our responses have.", "Apply the fix, which lists ours."},
	{CodeRefusedExternalID, SeverityError, "The policy wants another external ID than the configured one.", "Apply the fix, or correct `external_id`."},
	{CodeRefusedCondition, SeverityError, "A condition of the policy keeps us out.", "Take the condition away, or meet it."},
	{CodeRefusedDeny, SeverityError, "A Deny statement keeps us out.", "Ask who wrote it; narrow it or take it away."},
	{CodeNoTagSession, SeverityError, "Session tags are sent, and sts:TagSession isn't allowed.", "Apply the fix, or send no tags."},
	{CodeTagKeys, SeverityError, "Session tags are sent that the policy doesn't let through.", "Apply the fix, or send other tags."},
	{CodeNoSourceIdentity, SeverityError, "A source identity is sent, and sts:SetSourceIdentity isn't allowed.", "Apply the fix, or send none."},
	{CodeUnknown, SeverityWarning, "Whether STS accepts us hangs on something that isn't known here.", "Read the reason; `trust check --live` asks STS."},
	{CodeDepends, SeverityNote, "Whether STS accepts a person depends on who it is.", "Check that the rules grant the role to the same people."},
	{CodeCallerUnknown, SeverityNote, "It isn't known as whom fedbridge calls AWS.", "Name the principal, or run the check where fedbridge runs."},

	{CodeAnyone, SeverityError, "A statement allows everybody (`*`, or NotPrincipal).", "Name the principals."},
	{CodePrincipalPattern, SeverityError, "A principal has a wildcard in it.", "Name the principals."},
	{CodeNoAudience, SeverityError, "The audience isn't tested: tokens for others are let in.", "Apply the fix, which tests it."},
	{CodeAudienceWide, SeverityError, "The test of the audience lets others through.", "Apply the fix, which names it exactly."},
	{CodeNoSubject, SeverityError, "The subject isn't tested: tokens for other roles, or of other people, are let in.", "Apply the fix, which tests it."},
	{CodeSubjectWide, SeverityError, "The test of the subject lets others through: it begins with a wildcard, or doesn't bind the role's name.", "Apply the fix."},
	{CodeNoRecipient, SeverityError, "The SAML recipient isn't tested: responses for others are let in.", "Apply the fix, which tests it."},
	{CodeRecipientWide, SeverityError, "The test of the SAML recipient lets others through.", "Apply the fix, which names it exactly."},
	{CodeNoExternalID, SeverityError, "An external ID is configured, and the policy lets calls without one in.", "Apply the fix, which demands it."},
	{CodeExternalIDWide, SeverityError, "The test of the external ID lets others through.", "Apply the fix, which names it exactly."},
	{CodeActionWide, SeverityWarning, "We are allowed more than we use (`sts:*`, NotAction).", "Apply the fix, which lists the actions."},
	{CodeExtraTagSession, SeverityWarning, "sts:TagSession is allowed, and no tags are sent.", "Apply the fix, or send tags."},
	{CodeExtraSourceIdentity, SeverityWarning, "sts:SetSourceIdentity is allowed, and no source identity is sent.", "Apply the fix, or send one."},
	{CodeTagsAny, SeverityNote, "Which tags may come, or be transitive, isn't limited.", "Apply the fix, which lists them."},
	{CodeWholeAccount, SeverityNote, "The policy names the whole account that fedbridge runs in.", "Name fedbridge's own role."},
	{CodeOtherPrincipal, SeverityNote, "The policy names others, too: they come in without fedbridge.", "Check that this is meant."},

	{CodeMaxSession, SeverityError, "max_session is longer than the IAM role's MaxSessionDuration: STS refuses.", "Raise the one or lower the other."},
	{CodeMaxSessionLower, SeverityNote, "The IAM role allows longer sessions than the configuration offers.", "Lower MaxSessionDuration, unless others use the role."},

	{CodeProviderUnread, SeverityWarning, "The IAM identity provider was not read, or could not be.", "Give credentials that may read it."},
	{CodeProviderMissing, SeverityError, "The account has no such identity provider.", "Create it: the command is given."},
	{CodeProviderURL, SeverityError, "The OIDC provider's URL isn't the issuer, character by character.", "Create a provider with the exact URL."},
	{CodeClientID, SeverityError, "The OIDC provider doesn't list our audience as a client id.", "Add it: the command is given."},
	{CodeClientIDExtra, SeverityNote, "Our OIDC provider lists client ids that we never use here.", "Take them away."},
	{CodeMetadata, SeverityError, "The SAML provider's metadata can't be read.", "Give the provider our metadata anew."},
	{CodeEntityID, SeverityError, "The SAML provider's metadata is another issuer's.", "Give the provider the right metadata."},
	{CodeCertificate, SeverityError, "The key that signs now isn't in the SAML provider's metadata.", "Give the provider the current metadata."},
	{CodeCertificateNext, SeverityWarning, "The key that will sign next isn't in the SAML provider's metadata.", "Give the provider the current metadata before the keys change."},
	{CodeProviderExpired, SeverityError, "The SAML provider is no longer valid.", "Give the provider the current metadata."},
	{CodeProviderExpires, SeverityWarning, "The SAML provider will soon be no longer valid.", "Give the provider the current metadata."},
	{CodeEncryptionRequired, SeverityError, "The SAML provider takes encrypted assertions alone, and ours are not.", "Set `saml_encryption`, or allow both."},
	{CodeEncryptionKey, SeverityError, "Our assertions are encrypted, and the SAML provider has no key to decrypt them.", "Give the provider the private key."},
	{CodeEncryptionID, SeverityError, "`saml_encryption.provider_id` isn't the SAML provider's.", "Correct it."},
}
