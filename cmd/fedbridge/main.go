// Command fedbridge signs people in with SAML or OIDC, maps their claims to IAM roles, and hands back AWS console links
// or temporary credentials.
package main

func main() {}
