package icemux

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/heliograph/heliograph/internal/udpio"
)

const (
	maxPending   = 256              // TCP connections that have not said yet whose they are
	firstFrame   = 5 * time.Second  // how long one may take to say it
	tcpIdle      = 60 * time.Second // without a frame: consent checks come far more often
	tcpWriteWait = 5 * time.Second
	tcpQueue     = 1024 // datagrams that wait for a slow TCP connection
)

// tcpConn is one ICE-TCP connection, framed by RFC 4571: each datagram after its length in two bytes.
type tcpConn struct {
	// Fixed after construction.
	mux    *Mux
	conn   net.Conn
	remote netip.AddrPort
	out    chan []byte
	done   chan struct{}
	once   sync.Once

	// Atomic: whose connection it is, once a response validated it.
	owner atomic.Pointer[Conn]
}

// accept takes TCP connections until the listener is closed. Those over the limit are closed at once.
func (m *Mux) accept() {
	for {
		conn, err := m.tcp.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// Out of descriptors, or the other side is gone already: the next one may do.
			m.dropped("tcp_accept")
			time.Sleep(10 * time.Millisecond)
			continue
		}
		select {
		case m.pending <- struct{}{}:
			m.serve(conn)
		default:
			m.dropped("tcp_pending")
			_ = conn.Close()
		}
	}
}

func (m *Mux) serve(conn net.Conn) {
	remote, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	t := &tcpConn{
		mux: m, conn: conn, remote: netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port()),
		out: make(chan []byte, tcpQueue), done: make(chan struct{}),
	}
	m.mu.Lock()
	refused := err != nil || m.closed
	if !refused {
		m.open[t] = struct{}{}
	}
	m.mu.Unlock()
	if refused {
		<-m.pending
		_ = conn.Close()
		return
	}
	m.readers.Go(t.read)
	m.readers.Go(t.writeLoop)
}

// read passes frames on. The first one must be a STUN request of a Conn; that Conn ends with the connection's use only.
func (t *tcpConn) read() {
	pending := true
	leave := func() {
		if pending {
			pending = false
			<-t.mux.pending
		}
	}
	defer func() {
		leave()
		t.close()
	}()
	in := bufio.NewReaderSize(t.conn, 4096)
	var media round
	b := make([]byte, maxDatagram)
	_ = t.conn.SetReadDeadline(time.Now().Add(firstFrame))
	for {
		n, err := readFrame(in, b)
		if err != nil {
			return
		}
		c := t.mux.receive(t, t.remote, b[:n], t.owner.Load(), &media)
		media.end() // b is used again
		if c == nil && pending {
			return // a stranger
		}
		leave()
		_ = t.conn.SetReadDeadline(time.Now().Add(tcpIdle))
	}
}

// readFrame reads one frame into b; a longer one is an error, as nothing after it could be found.
func readFrame(r io.Reader, b []byte) (int, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, err
	}
	n := int(binary.BigEndian.Uint16(head[:]))
	if n > len(b) {
		return 0, io.ErrShortBuffer
	}
	return io.ReadFull(r, b[:n])
}

// write queues one datagram. A connection that cannot keep up loses it, as a full UDP socket would.
func (t *tcpConn) write(_ int, b []byte, _ netip.AddrPort) error {
	frame := make([]byte, 2+len(b))
	binary.BigEndian.PutUint16(frame, uint16(len(b)))
	copy(frame[2:], b)
	select {
	case t.out <- frame:
	default:
		t.mux.dropped("tcp_queue")
	}
	return nil
}

// flow is none: the connection has a queue of its own.
func (t *tcpConn) flow(int, *udpio.Queue, netip.AddrPort) *udpio.Flow { return nil }

func (t *tcpConn) writeLoop() {
	defer t.close()
	for {
		select {
		case <-t.done:
			return
		case frame := <-t.out:
			_ = t.conn.SetWriteDeadline(time.Now().Add(tcpWriteWait))
			if _, err := t.conn.Write(frame); err != nil {
				return
			}
		}
	}
}

func (t *tcpConn) route(_ netip.AddrPort, c, old *Conn) {
	if c != nil {
		t.owner.Store(c)
		return
	}
	if t.owner.CompareAndSwap(old, nil) {
		t.close()
	}
}

func (t *tcpConn) close() {
	t.once.Do(func() {
		close(t.done)
		_ = t.conn.Close()
		t.mux.mu.Lock()
		delete(t.mux.open, t)
		t.mux.mu.Unlock()
		if c := t.owner.Load(); c != nil {
			c.lost(t)
		}
	})
}
