package signaling

import (
	"time"

	"github.com/gorilla/websocket"
)

// Times of the writer.
const (
	pingInterval = 5 * time.Second // without a sign of life, before a websocket ping
	writeTimeout = 5 * time.Second // for one message
	maxKeptBytes = 64 << 10        // of a buffer that messages are read into, or that own events are made in
)

// write sends what waits in the session, pings, and at last the close frame.
func (k *socket) write() error {
	ping := time.NewTimer(pingInterval)
	defer ping.Stop()
	var buf []byte
	for {
		text, more, last := k.session.next(&buf)
		if text == nil { // what was to follow may have been dropped
			if err := k.conn.send(time.Now().Add(writeTimeout)); err != nil {
				return err
			}
		}
		if text == nil && last {
			return k.writeClose()
		}
		if text != nil {
			if err := k.writeText(text, more); err != nil {
				return err
			}
			if cap(buf) > maxKeptBytes {
				buf = nil
			}
		}
		if err := k.writeControl(ping, text == nil); err != nil {
			return err
		}
	}
}

// writeText sends a message, or keeps its frame for the next one if more follow.
func (k *socket) writeText(text []byte, more bool) error {
	if more {
		k.conn.keep()
	}
	deadline := time.Now().Add(writeTimeout)
	if err := k.ws.SetWriteDeadline(deadline); err != nil {
		return err
	}
	if err := k.ws.WriteMessage(websocket.TextMessage, text); err != nil || more {
		return err
	}
	return k.conn.send(deadline)
}

// writeControl sends a ping or pong that is due. If there is none and wait is set, it waits for one or for the session.
func (k *socket) writeControl(ping *time.Timer, wait bool) error {
	if !wait {
		select {
		case <-ping.C:
			return k.writePing(ping)
		default:
			return nil
		}
	}
	select {
	case <-k.session.wake:
		return nil
	case <-ping.C:
		return k.writePing(ping)
	case data := <-k.pongs:
		return k.control(websocket.PongMessage, data)
	}
}

// writePing sends a ping to who has been silent, and sets the timer for the next one. Clients ping by themselves: most never need one.
func (k *socket) writePing(timer *time.Timer) error {
	if left := time.Until(k.opened.Add(time.Duration(k.heardAt.Load()) + pingInterval)); left > 0 {
		timer.Reset(left)
		return nil
	}
	timer.Reset(pingInterval)
	return k.control(websocket.PingMessage, nil)
}

func (k *socket) control(typ int, data []byte) error {
	return k.ws.WriteControl(typ, data, time.Now().Add(writeTimeout))
}

// writeClose sends the close frame, unless there is nobody to send it to.
func (k *socket) writeClose() error {
	code, reason := k.session.ended()
	if code == 0 {
		return nil
	}
	return k.control(websocket.CloseMessage, websocket.FormatCloseMessage(int(code), reason))
}

// endWrite ends the session after a write failed: in time, which is what a participant that reads nothing looks like, or
// because the websocket is gone.
func (k *socket) endWrite(err error) {
	if isTimeout(err) {
		k.session.Close(CloseSlow, "")
	}
	k.session.hangUp()
	k.session.abandon()
}
