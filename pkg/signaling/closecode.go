package signaling

// CloseCode is the code of the websocket close frame (RFC 6455, 7.4.2). Its hundreds tell the client what to do:
// 4000 to 4099 do not come back, 4100 to 4199 resume, 4200 to 4299 join afresh.
type CloseCode int

// The close codes. CloseNormal answers a leave.
const (
	CloseNormal CloseCode = 1000

	CloseProtocol     CloseCode = 4000
	CloseAuth         CloseCode = 4001
	CloseTokenExpired CloseCode = 4002
	CloseKicked       CloseCode = 4003
	CloseRoomClosed   CloseCode = 4004
	CloseReplaced     CloseCode = 4005
	CloseVersion      CloseCode = 4006
	CloseRefused      CloseCode = 4007

	CloseRestart     CloseCode = 4100
	CloseDraining    CloseCode = 4101
	CloseSlow        CloseCode = 4102
	CloseRateLimited CloseCode = 4103
	CloseHeartbeat   CloseCode = 4104

	CloseRejoin    CloseCode = 4200
	CloseInternal  CloseCode = 4201
	CloseTransport CloseCode = 4202
)

// closeRow is one row of the table of close codes.
type closeRow struct {
	code   CloseCode
	name   string // its label in metrics and logs
	reason string // the reason sent when the caller gives none
}

// closeTable describes every close code; docs/protocol.md shows it.
var closeTable = []closeRow{
	{CloseNormal, "normal", "the participant left"},
	{CloseProtocol, "protocol", "the client broke the protocol"},
	{CloseAuth, "auth", "the token is missing or not valid"},
	{CloseTokenExpired, "token_expired", "the token is expired; get a new one"},
	{CloseKicked, "kicked", "the participant was removed from the room"},
	{CloseRoomClosed, "room_closed", "the room was closed"},
	{CloseReplaced, "replaced", "the same identity joined again elsewhere"},
	{CloseVersion, "version", "the server no longer speaks this version of the protocol"},
	{CloseRefused, "refused", "hello was refused and would be refused again"},
	{CloseRestart, "restart", "the server restarts"},
	{CloseDraining, "draining", "the server is being emptied; another one takes over"},
	{CloseSlow, "slow", "the client reads too slowly: more than 1 MiB of messages waited for it"},
	{CloseRateLimited, "rate_limited", "the client keeps on sending more than the limits allow"},
	{CloseHeartbeat, "heartbeat", "nothing was heard from the client for 12 s"},
	{CloseRejoin, "rejoin", "the session did not begin or is unknown"},
	{CloseInternal, "internal", "a fault in the server ended the session"},
	{CloseTransport, "transport", "the media transport failed"},
}

// row finds the description of c; an unknown code is described as internal.
func (c CloseCode) row() closeRow {
	for _, r := range closeTable {
		if r.code == c {
			return r
		}
	}
	return closeRow{c, "internal", "a fault in the server ended the session"}
}

// String returns the short name of the code, as in metrics.
func (c CloseCode) String() string { return c.row().name }

// advice tells what a client does after the code.
func (c CloseCode) advice() string {
	switch {
	case c >= 4000 && c < 4100:
		return "do not come back"
	case c >= 4100 && c < 4200:
		return "resume"
	case c >= 4200 && c < 4300:
		return "join afresh"
	default:
		return "nothing"
	}
}
