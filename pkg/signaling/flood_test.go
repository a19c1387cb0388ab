package signaling

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// garbage makes messages that no honest client sends: broken requests of badInput, and random changes of the golden ones.
type garbage struct {
	r     *rand.Rand
	seeds []string
}

func newGarbage(t *testing.T, seed uint64) *garbage {
	g := &garbage{r: rand.New(rand.NewPCG(seed, 7))}
	for _, c := range badInput {
		if len(c.text) < 1000 {
			g.seeds = append(g.seeds, c.text)
		}
	}
	for _, l := range goldenLines(t) {
		if l.From == fromClient && l.Frame != nil {
			g.seeds = append(g.seeds, string(l.Frame))
		}
	}
	return g
}

// next returns a message in which up to four bytes were changed, removed or doubled.
func (g *garbage) next() string {
	text := []byte(g.seeds[g.r.IntN(len(g.seeds))])
	for range g.r.IntN(4) + 1 {
		if len(text) == 0 {
			break
		}
		switch i := g.r.IntN(len(text)); g.r.IntN(3) {
		case 0:
			text[i] = byte(g.r.Uint32())
		case 1:
			text = slices.Delete(text, i, i+1)
		default:
			text = slices.Insert(text, i, text[i])
		}
	}
	return string(text)
}

// flood sends n garbage messages from the address, over as many websockets as it takes: most of them close theirs. It
// returns how many websockets it took.
func (s *site) flood(g *garbage, from, identity string, n int) (sockets int) {
	for n > 0 {
		w, _, err := s.tryConnect(from, nil)
		if err != nil { // its address has to wait
			time.Sleep(time.Second)
			continue
		}
		sockets++
		if sockets%8 != 0 { // one in eight sends garbage instead of hello
			w.hello(testToken(s.t, "r", identity))
			w.next()
		}
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			for w.next().close == nil {
			}
		}()
		for open := true; open && n > 0; n-- {
			w.send(g.next())
			select {
			case <-closed:
				open = false
			case <-time.After(5 * time.Millisecond):
			}
		}
		_ = w.ws.Close()
		<-closed
	}
	return sockets
}

// 5,000 garbage messages in virtual time: the bystander gets every answer at once, and the log stays short.
func TestGarbageWithBystander(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		bystander := s.join("bystander")
		done := make(chan int)
		start := time.Now()
		go func() { done <- s.flood(newGarbage(t, 1), "198.51.100.1", "mallory", 5000) }()
		sockets, worst := 0, time.Duration(0)
		for n := int64(0); sockets == 0; n++ {
			asked := time.Now()
			if f := bystander.response(bystander.request(TypePing, Ping{n})); f.T != TypeOK {
				t.Fatalf("the bystander got %s", f)
			}
			worst = max(worst, time.Since(asked))
			select {
			case sockets = <-done:
			case <-time.After(25 * time.Millisecond):
			}
		}
		took := time.Since(start)
		if worst > 10*time.Millisecond {
			t.Errorf("the bystander waited %v", worst)
		}
		if n, most := s.logs.Len(), (int(took/time.Second)+1)*(len(errorTable)+6); n == 0 || n > most {
			t.Errorf("%d log lines in %v", n, took)
		}
		if s.metric("panics_total") != 0 {
			t.Error("panics")
		}
		synctest.Wait()
		if got := s.metric("sessions"); got != 1 {
			t.Errorf("%v sessions at the end", got)
		}
		t.Logf("5000 messages, %d websockets, %v of virtual time, %d log lines", sockets, took, s.logs.Len())
	})
}

// S-03 over TCP, in real time: 5,000 half-open sockets and 100,000 malformed messages from many addresses, while good
// participants join. Without HELIOGRAPH_SOAK=1 in the environment it is a tenth of it.
func TestGarbageAndHalfOpenOverTCP(t *testing.T) {
	halfOpen, messages, floods, joins := 5000, 100_000, 20, 200
	if os.Getenv("HELIOGRAPH_SOAK") == "" {
		halfOpen, messages = halfOpen/10, messages/10
	}
	s := newTCPSite(t, newHall())
	var attackers sync.WaitGroup
	for n := range floods {
		attackers.Go(func() { s.floodTCP(newGarbage(t, uint64(n)), n, messages/floods) })
	}
	open := s.openHalf(halfOpen)
	pending := s.metric("pending")
	var waits []time.Duration
	for n := range joins {
		start := time.Now()
		w := s.connect("127.0.0.1")
		w.hello(testToken(t, "r", fmt.Sprint("good", n)))
		if f := w.next(); f.T != TypeWelcome {
			t.Fatalf("join %d got %s", n, f)
		}
		waits = append(waits, time.Since(start))
		w.response(w.request(TypeLeave, struct{}{}))
		_ = w.ws.Close()
	}
	attackers.Wait()
	for _, c := range open {
		_ = c.Close()
	}
	told := 0.0
	for _, row := range errorTable {
		told += s.metric("errors_total", string(row.code))
	}
	slices.Sort(waits)
	p95 := waits[len(waits)*95/100]
	panics := s.metric("panics_total")
	if told < float64(messages)/4 {
		t.Errorf("the server told only %v errors: the flood did not reach it", told)
	}
	figure(t, "S-03", fmt.Sprintf("%d half-open, %d malformed: 0 panics, good joins p95 < 500 ms", len(open), messages),
		fmt.Sprintf("%v panics, p95 %v, %v half-open at once, %v errors told", panics, p95.Round(time.Millisecond), pending, told),
		panics == 0 && p95 < 500*time.Millisecond)
}

// openHalf opens websockets that never say anything, 100 from each of the addresses 127.1.0.x.
func (s *site) openHalf(n int) (open []net.Conn) {
	s.t.Helper()
	const request = "GET /v1/connect HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: " + Subprotocol + "\r\n\r\n"
	for i := range n {
		c, err := s.dial(fmt.Sprintf("127.1.0.%d", i/100+1))
		if err != nil {
			s.t.Fatalf("half-open socket %d: %v", i, err)
		}
		if _, err := c.Write([]byte(request)); err != nil {
			s.t.Fatal(err)
		}
		open = append(open, c)
	}
	return open
}

// floodTCP sends n garbage messages, a few over each websocket and without waiting for what comes of them. Each
// websocket comes from another address, so that the budget of addresses does not stop it.
func (s *site) floodTCP(g *garbage, who, n int) {
	for socket := 0; n > 0; socket++ {
		w, _, err := s.tryConnect(fmt.Sprintf("127.2.%d.%d", who, socket%250+1), nil)
		if err != nil {
			continue
		}
		if socket%8 != 0 {
			w.hello(testToken(s.t, "r", "mallory"))
		}
		for range min(n, 3) {
			w.send(g.next())
			n--
		}
		w.send("]")                                  // closes it, if nothing did before
		for socket%2 == 0 && w.next().close == nil { // half of them read what comes
		}
		_ = w.ws.Close()
	}
}
