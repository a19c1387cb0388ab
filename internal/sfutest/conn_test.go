package sfutest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

const connDelay = 5 * time.Millisecond

// onConns runs f with the two sides of a connection.
func onConns(t *testing.T, f func(t *testing.T, l *Link, a, b *conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := &Link{addr: netip.MustParseAddr("10.0.0.2"), silent: map[Traffic]bool{}}
		a, b := newConns(l, connDelay, net.TCPAddrFromAddrPort(netip.MustParseAddrPort("10.0.0.1:80")))
		f(t, l, a, b)
	})
}

func TestConnDelays(t *testing.T) {
	onConns(t, func(t *testing.T, _ *Link, a, b *conn) {
		began := time.Now()
		if _, err := a.Write([]byte("one")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
		if _, err := a.Write([]byte("two")); err != nil {
			t.Fatal(err)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(b)
		if string(got) != "onetwo" || err != nil || time.Since(began) != connDelay+time.Millisecond {
			t.Errorf("%q, %v after %v", got, err, time.Since(began))
		}
		if _, err := b.Write([]byte("x")); !errors.Is(err, errReset) {
			t.Errorf("write to a closed side: %v", err)
		}
	})
}

func TestConnFullWindowBlocks(t *testing.T) {
	onConns(t, func(t *testing.T, _ *Link, a, b *conn) {
		sent := make(chan time.Time)
		go func() {
			if _, err := a.Write(make([]byte, window+1)); err != nil {
				t.Error(err)
			}
			sent <- time.Now()
		}()
		time.Sleep(time.Second)
		began := time.Now()
		if n, err := b.Read(make([]byte, 10)); n != 10 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if at := <-sent; !at.Equal(began) {
			t.Errorf("the writer went on at %v, the reader made room at %v", at, began)
		}
		if err := a.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if n, err := a.Write(make([]byte, 20)); n != 9 || !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("%d bytes, %v after %v", n, err, time.Since(began))
		}
	})
}

func TestConnDeadlineAndReset(t *testing.T) {
	onConns(t, func(t *testing.T, _ *Link, a, b *conn) {
		read := make(chan error)
		start := func() {
			go func() {
				_, err := b.Read(make([]byte, 10))
				read <- err
			}()
			time.Sleep(time.Second)
		}
		start()
		if err := b.SetReadDeadline(time.Now()); err != nil {
			t.Fatal(err)
		}
		if err := <-read; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a read under way at its deadline: %v", err)
		}
		if err := b.SetReadDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		start()
		a.reset()
		if err := <-read; !errors.Is(err, errReset) {
			t.Errorf("a read under way at a reset: %v", err)
		}
		if _, err := a.Write([]byte("x")); !errors.Is(err, errReset) {
			t.Errorf("a write after a reset: %v", err)
		}
	})
}

func TestConnSilenceHoldsBack(t *testing.T) {
	onConns(t, func(t *testing.T, l *Link, a, b *conn) {
		l.watch(a.in, a.out)
		l.Silence(Signaling, true)
		began := time.Now()
		if _, err := a.Write([]byte("late")); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Minute, func() { l.Silence(Signaling, false) })
		got := make([]byte, 10)
		n, err := b.Read(got)
		if !bytes.Equal(got[:n], []byte("late")) || err != nil || time.Since(began) != time.Minute {
			t.Errorf("%q, %v after %v", got[:n], err, time.Since(began))
		}
	})
}
