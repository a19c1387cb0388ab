package iceservers

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"strconv"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// TTL is how long a credential may be used to make an allocation.
const TTL = 5 * time.Minute

// Shared describes TURN servers that share a secret with us. Without URLs there are none.
type Shared struct {
	URLs   []string // RFC 7065: "turn:turn.example.com:3478?transport=udp"
	Secret string   // static-auth-secret of coturn
}

// List returns the servers of one identity: the static ones first, then the shared ones with a credential that ends TTL
// after now. It is nil when there are none.
func List(static []signaling.ICEServer, shared Shared, identity string, now time.Time) []signaling.ICEServer {
	var all []signaling.ICEServer
	all = append(all, static...)
	if len(shared.URLs) == 0 {
		return all
	}
	username, credential := Credential(shared.Secret, identity, now.Add(TTL))
	return append(all, signaling.ICEServer{URLs: shared.URLs, Username: username, Credential: credential})
}

// Credential makes the username and password that a TURN server with the same secret accepts until end, in whole seconds.
func Credential(secret, identity string, end time.Time) (username, password string) {
	username = strconv.FormatInt(end.Unix(), 10) + ":" + identity
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(username)) // hash.Hash never fails
	return username, base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
