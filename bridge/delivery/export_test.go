package delivery

// The quoting of each shell, to be tried on values that Render would refuse.
var (
	QuotePOSIX = quotePOSIX
	QuoteFish  = quoteFish
)
