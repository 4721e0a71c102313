# Makes the table of .ci/bench out of lines "package:benchmark/case unit value". Of several values the median counts; a
# ratio is the median of the ratios within the sweeps.

{ key = $1 " " $2; value[key, ++count[key]] = $3 }

END {
  saml = "idp/saml:"; oidc = "idp/oidc:"; policy = "bridge/policy:"; bridge = "bridge:"; portal = "handlers/portal:"; whole = "cmd/fedbridge:"; mint = "bridge/mint:"; trust = "bridge/trust:"
  print "| what | figure | compared in the same run | target |"
  print "| --- | --- | --- | --- |"
  verified("SAML response verified, 6 KB (2 roles, 3 groups)", "6KB")
  verified("SAML response verified, 23 KB (60 roles, 25 groups)", "23KB")
  refused()
  token("ID token verified, 25 groups", "groups=25")
  token("ID token verified, 200 groups", "groups=200")
  split("10 100 1000 10000", sizes, " ")
  for (i = 1; i <= 4; i++)
    row("Claims to roles, " thousands(sizes[i]) " rules", time(policy "Match/groups=25/rules=" sizes[i] "/engine=index ns/op") ", with a CEL condition " \
      time(policy "Match/groups=25/rules=" sizes[i] "/engine=leftover ns/op"), i < 4 ? "" : \
      number(median(policy "Ratio/groups=25 index-10000/map")) " x a Go map, with CEL " number(median(policy "Ratio/groups=25 leftover-10000/map")) \
      " x; 10,000 rules to 10 rules: " number(median(policy "Ratio/groups=25 index-growth")) " x", i < 4 ? "" : "1.5 x, 8 x; 1.3 x")
  row("10,000 rules loaded", time(policy "Compile/kind=leftover/rules=10000 ns/op"), \
    number(median(policy "Compile/kind=leftover/rules=10000 B/rule")) " bytes a rule", "50 ms, 300 bytes")
  signedIn("Whole sign-in, SAML 6 KB", "saml-6KB", "crewjam/saml verifying it")
  signedIn("Whole sign-in, SAML 23 KB", "saml-23KB", "crewjam/saml verifying it")
  signedIn("Whole sign-in, OIDC", "oidc", "x/oauth2 and go-oidc, which keep nothing")
  exchanged("Exchange at a local STS, web_identity", "web_identity")
  exchanged("Exchange at a local STS, saml 6 KB", "saml_6KB")
  exchanged("Exchange at a local STS, assume_role", "assume_role")
  minted("ID token minted, ES256", "MintToken/ES256", "1.12 x")
  minted("ID token minted, RS256", "MintToken/RS256", "")
  minted("SAML response minted, 2 tags", "MintSAML/tags=2", "1.3 x")
  minted("SAML response minted, 50 tags", "MintSAML/tags=50", "1.3 x")
  row("Trust policy of 2 KB, evaluated", time(trust "Trust/evaluate ns/op"), "refused with the reason " time(trust "Trust/refuse ns/op") \
    "; " ratio(trust "Trust/evaluate ns/op", trust "Trust/parse ns/op") " x reading it", "20 µs")
  row("Credentials by the portal's own request, STS apart", time(whole "Credentials ns/op"), "", "")
  row("60 roles at once, STS taking 20 ms", time(whole "FanOut ns/op"), number(median(whole "FanOut handshakes/op")) " new connections, " \
    number(median(whole "FanOut ratio")) " x one answer of STS", "0, 1.5 x")
  row("Session check, the row in memory", time(portal "SessionCheck/rows ns/op"),
    ratio(portal "SessionCheck/rows ns/op", portal "SessionCheck/gorilla-CookieStore ns/op") " x gorilla's CookieStore", "no claim decoded")
  row("Session check, SQLite", time(portal "SessionCheck/sqlite ns/op"),
    ratio(portal "SessionCheck/sqlite ns/op", portal "SessionCheck/gorilla-CookieStore ns/op") " x gorilla's CookieStore", "no claim decoded")
  picked("60"); picked("2500")
  row("Start to the first page over TLS", time(whole "Start ns/op"), number(median(whole "Start ratio")) " x net/http and TLS alone (" \
    time(whole "Start bare-ns") ")", "40 ms")
  row("Binary, stripped", number(median(whole "Start MB-binary")) " MB", "net/http and TLS alone " number(median(whole "Start MB-bare-binary")) " MB", "60 MB")
  row("Resident memory, idle", number(median(whole "Memory MB-idle")) " MB", "", "45 MB")
  row("Resident memory, 10,000 sessions of 60 roles later", "+" number(median(whole "Memory MB-more-after-10000")) " MB", \
    "at most " number(median(whole "Memory MB-peak")) " MB meanwhile", "+40 MB")
  if (missing) exit 1
}

function verified(name, size) {
  row(name, time(saml "Verify/" size "/fedbridge ns/op"), ratio(saml "Verify/" size "/fedbridge ns/op", saml "Verify/" size "/crewjam ns/op") \
    " x crewjam/saml, " ratio(saml "Verify/" size "/fedbridge ns/op", saml "Verify/" size "/rsa ns/op") " x the RSA operation alone", "0.5 x crewjam/saml")
}

# refused names the dearest of the hostile answers, and one that is too large to be looked at.
function refused(    key, name, most) {
  for (key in count) {
    if (key !~ /^idp\/saml:Refuse\/.* of-largest$/ || key ~ /largest_good/) continue
    if (median(key) > most) { most = median(key); name = key }
  }
  sub(/ of-largest$/, "", name)
  row("Hostile SAML refused, the dearest (" substr(name, length(saml "Refuse/") + 1) ")", time(name " ns/op"), \
    number(most) " x the largest good response accepted", "1 x")
  row("Hostile SAML refused for its size, 1 MB", time(saml "Refuse/1MB ns/op"), \
    number(median(saml "Refuse/1MB of-largest")) " x the same", "")
}

function token(name, groups) {
  row(name, time(oidc "VerifyIDToken/" groups "/fedbridge ns/op"), number(median(oidc "VerifyIDToken/" groups "/paired ratio")) " x go-oidc", "1.3 x")
}

function signedIn(name, kind, peer) {
  row(name, time(whole "SignIn/" kind " ns/op"), "processor " time(whole "SignIn/" kind " cpu-ns") ", " number(median(whole "SignIn/" kind " ratio")) " x " peer \
    "; four writes flushed to this disk " time(whole "SignIn/" kind " disk-ns"), "")
}

# minted keeps three figures: the second is the one that the target is about.
function minted(name, key, target) {
  row(name, time(mint key "/fedbridge ns/op"), sprintf("%.2f", median(mint key "/paired ratio")) " x hash and signature alone", target)
}

function exchanged(name, via) {
  row(name, time(bridge "Exchange/" via " ns/op"), ratio(bridge "Exchange/" via " ns/op", bridge "Floor ns/op") " x a bare POST on a kept connection", "")
}

function picked(roles) {
  row("Role picker, " thousands(roles) " roles", time(whole "Picker/" roles " ns/op"), number(median(whole "Picker/" roles " KB")) " KB, " \
    number(median(whole "Picker/" roles " KB-gzipped")) " KB gzipped", roles == 60 ? "" : "10 ms, 100 KB gzipped")
}

function row(what, figure, compared, target) { print "| " what " | " figure " | " compared " | " target " |" }

function median(key,    i, j, n, swap, sorted) {
  n = count[key]
  if (!n) { print "no figure: " key >"/dev/stderr"; missing = 1; return 0 }
  for (i = 1; i <= n; i++) sorted[i] = value[key, i] + 0
  for (i = 2; i <= n; i++) for (j = i; j > 1 && sorted[j] < sorted[j - 1]; j--) { swap = sorted[j]; sorted[j] = sorted[j - 1]; sorted[j - 1] = swap }
  return sorted[int((n + 1) / 2)]
}

function ratio(a, b,    i) {
  if (count[a] != count[b]) { print "not in the same sweeps: " a ", " b >"/dev/stderr"; missing = 1; return 0 }
  count["ratio"] = count[a]
  for (i = 1; i <= count[a]; i++) value["ratio", i] = value[a, i] / value[b, i]
  return number(median("ratio"))
}

function time(key,    ns) {
  ns = median(key)
  if (ns < 1e3) return number(ns) " ns"
  if (ns < 1e6) return number(ns / 1e3) " µs"
  return number(ns / 1e6) " ms"
}

# number keeps two figures, and all that stand before the point.
function number(x) {
  if (x == 0) return "0"
  if (x < 0.01) return "1/" thousands(sprintf("%.0f", 1 / x))
  if (x < 0.1) return sprintf("%.3f", x)
  if (x < 1) return sprintf("%.2f", x)
  if (x < 10) return sprintf("%.1f", x)
  return thousands(sprintf("%.0f", x))
}

function thousands(n) { return n + 0 < 1000 ? n : int(n / 1000) "," sprintf("%03d", n % 1000) }
