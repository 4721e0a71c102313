package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// mintsSAML tells whether the entry is for roles that fedbridge mints SAML assertions for.
func (e *entry) mintsSAML() bool { return e.has(bridge.ViaIssuer) && e.r.Mint == bridge.ProofSAML }

func (e *entry) onlyIssuer() bool {
	return !slices.ContainsFunc(e.base.Via, func(via bridge.Via) bool { return via != bridge.ViaIssuer })
}

// checkIssuer: what fedbridge mints is for one role and one call, so that everything may be combined with it that STS
// takes, except what is only sent with AssumeRole.
func (e *entry) checkIssuer() {
	issuer := e.has(bridge.ViaIssuer)
	switch {
	case !issuer || e.issuer != nil || e.unread.Issuer:
	case len(e.r.Via) == 0:
		e.problem(e.path+".via", "left out, which means issuer, and that needs fedbridge to be one: write the section issuer "+
			"(issuer: {url: …, keys: file:…}), or another via")
	default:
		e.problem(e.path+".via", "issuer needs fedbridge to be one: write the section issuer (issuer: {url: …, keys: file:…})")
	}
	if slices.ContainsFunc(e.base.Via, func(via bridge.Via) bool { return !slices.Contains(vias, via) }) {
		e.puzzled = true // issuer may be what was meant
		return
	}
	e.checkMint(issuer)
	e.checkConsole()
	if e.onlyIssuer() && e.r.ExternalID != "" {
		e.problem(e.path+".external_id", "is sent with via assume_role only: an account that trusts our issuer needs none")
	}
	if !issuer {
		return
	}
	e.base.Mint = e.r.Mint
	if e.base.Mint == "" {
		e.base.Mint = bridge.ProofIDToken
	}
	e.base.ConsolePost = e.r.Console == ConsoleSAMLPost
}

func (e *entry) checkMint(issuer bool) {
	path := e.path + ".mint"
	kinds := []string{string(bridge.ProofIDToken), string(bridge.ProofSAML)}
	switch {
	case e.r.Mint == "":
	case !slices.Contains(kinds, string(e.r.Mint)):
		e.problem(path, "%q: write id_token or saml%s", e.r.Mint, didYouMean(string(e.r.Mint), kinds))
		e.puzzled = true
	case !issuer:
		e.problem(path, "is for via issuer only: nothing is minted for this role")
	case e.r.Mint == bridge.ProofSAML && e.has(bridge.ViaSAML):
		e.problem(path, "saml can't be combined with via saml: the two need IAM SAML providers of their own. Write two entries")
	case e.r.Mint == bridge.ProofSAML && e.issuer != nil && !e.issuer.SAML && !e.unread.Issuer:
		e.problem(path, "saml needs a key that signs assertions: write issuer.saml_keys")
	}
}

// checkConsole: what the browser posts can be taken to the API instead, where nobody would send a session policy with it.
func (e *entry) checkConsole() {
	path := e.path + ".console"
	ways := []string{string(ConsoleFederation), string(ConsoleSAMLPost)}
	switch {
	case e.r.Console == "", e.r.Console == ConsoleFederation:
	case e.r.Console != ConsoleSAMLPost:
		e.problem(path, "%q: write federation or saml_post%s", e.r.Console, didYouMean(string(e.r.Console), ways))
	case e.puzzled:
	case !e.mintsSAML():
		e.problem(path, "saml_post needs via issuer and mint: saml: it is the minted assertion that the browser posts")
	case !e.onlyIssuer():
		e.problem(path, "saml_post needs via issuer alone: no other way of the list could open the console so")
	case e.r.SessionPolicy != "" || len(e.r.SessionPolicyARNs) > 0:
		e.problem(path, "saml_post can't be combined with a session policy: it isn't part of the assertion, so nobody would hold to it")
	}
}

// readOptionalTags: STS has a limit on tags and policies together that depends on their content. The order in which tags
// give way is declared, never guessed.
func (e *entry) readOptionalTags() {
	keys := slices.Sorted(maps.Keys(e.r.Tags))
	e.checkTagKeys("optional_tags", e.r.OptionalTags, keys)
	e.checkTagKeys("transitive_tags", e.r.TransitiveTags, keys)
	e.base.TagKeys = keys
	e.base.OptionalTags = slices.Clone(e.r.OptionalTags)
	e.base.TransitiveTags = slices.Clone(e.r.TransitiveTags)
	e.base.HasTags, e.base.HasSourceIdentity = len(keys) > 0, e.r.SourceIdentity != ""
}

func (e *entry) checkTagKeys(list string, chosen, keys []string) {
	for i, key := range chosen {
		path := fmt.Sprintf("%s.%s[%d]", e.path, list, i)
		if !slices.Contains(keys, key) && !e.unread.Sessions {
			e.problem(path, "%q is not among tags%s", key, didYouMean(key, keys))
		}
		if slices.Index(chosen, key) < i {
			e.problem(path, "%q is written twice", key)
		}
	}
}

// placeIssuer fills in what of minting differs from account to account.
func (e *entry) placeIssuer(role *bridge.Role) {
	account := role.Account
	e.minted[account.ID] = e.minted[account.ID] || e.mintsSAML() || e.puzzled
	if e.issuer == nil || !e.has(bridge.ViaIssuer) {
		return
	}
	if !e.mintsSAML() {
		role.Audience = strings.ReplaceAll(e.issuer.Audience, accountPlace, account.ID)
		return
	}
	if partition, ok := bridge.PartitionByID(account.Partition); ok && partition.SAMLAudience == "" {
		e.once(e.path+".mint", "saml: how AWS calls itself in SAML is not public for partition %s, to which account %s "+
			"belongs: write id_token", partition.ID, account.Name)
	}
	if e.r.SAMLProvider == "" {
		role.SAMLProvider = bridge.SAMLProviderARN{Partition: account.Partition, Account: account.ID, Name: e.issuer.SAMLProvider}
	}
	role.Encryption = e.encryption[account.ID]
}

// checkEncryption refuses a promise that nothing keeps.
func (c *compiler) checkEncryption() {
	if c.unplaced {
		return
	}
	for i, a := range c.p.accounts.list {
		if _, encrypted := c.encryption[a.ID]; encrypted && !c.minted[a.ID] {
			c.problem(fmt.Sprintf("accounts[%d].saml_encryption", i), "encrypts nothing: no role of account %s has mint: saml", a.Name)
		}
	}
}
