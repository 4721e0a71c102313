package ststest

import "encoding/xml"

type callerIdentityResult struct {
	XMLName xml.Name
	Arn     string
	UserID  string `xml:"UserId"`
	Account string
}

// getCallerIdentity is GetCallerIdentity: it needs no permission (aws-facts 1.9).
func getCallerIdentity(c *call, who *caller) (any, error) {
	return callerIdentityResult{named(c.action), who.arn(), who.id(), who.account()}, nil
}
