package main

import (
	"net"
	"os"
	"strings"
)

// notify tells a service manager how far the program is (sd_notify(3)): READY=1, STOPPING=1. Without NOTIFY_SOCKET it
// does nothing.
func notify(state string) {
	address := os.Getenv("NOTIFY_SOCKET")
	if address == "" {
		return
	}
	if rest, abstract := strings.CutPrefix(address, "@"); abstract {
		address = "\x00" + rest
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		return // whoever started us doesn't listen; that is no reason not to serve
	}
	defer conn.Close()
	conn.Write([]byte(state))
}
