package udpio

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const (
	benchBytes = 1200
	benchSinks = 50
)

// cpuTime is what this process has used, in user and kernel mode.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// report tells what each way costs for one datagram, in CPU time and on the clock, and how many times cheaper than the first it is.
func report(b *testing.B, datagrams int, names []string, cpu, wall []time.Duration) {
	each := float64(b.N * datagrams)
	for i, name := range names {
		b.ReportMetric(float64(cpu[i])/each, name+"-cpu-ns/datagram")
		b.ReportMetric(float64(wall[i])/each, name+"-ns/datagram")
		if i > 0 {
			b.ReportMetric(float64(cpu[0])/float64(cpu[i]), name+"-gain")
		}
	}
}

// contest runs ways of doing the same one after the other, again and again, so that what else the machine does meets all alike.
func contest(b *testing.B, datagrams int, names []string, ways ...func()) {
	cpu, wall := make([]time.Duration, len(ways)), make([]time.Duration, len(ways))
	for _, way := range ways {
		way()
	}
	b.ResetTimer()
	for range b.N {
		for i, way := range ways {
			at, used := time.Now(), cpuTime(b)
			way()
			cpu[i] += cpuTime(b) - used
			wall[i] += time.Since(at)
		}
	}
	b.StopTimer()
	report(b, datagrams, names, cpu, wall)
}

// sinks are sockets that nobody reads: once their buffers are full, the kernel drops what comes.
func sinks(b *testing.B) []netip.AddrPort {
	var to []netip.AddrPort
	for range benchSinks {
		s := openSocket(b, "127.0.0.1", true, nil)
		if err := s.conn.SetReadBuffer(4096); err != nil {
			b.Fatal(err)
		}
		to = append(to, s.LocalAddr())
	}
	return to
}

// BenchmarkSend sends K packets to each of 50 destinations, one after the other for all of them. Uneven is as libwebrtc divides a frame: the
// first half of the packets is a byte shorter.
func BenchmarkSend(b *testing.B) {
	const rounds = 40
	for _, k := range []int{1, 4, 8} {
		b.Run(fmt.Sprintf("K=%d", k), func(b *testing.B) {
			packet, to := pattern(benchBytes, 1), sinks(b)
			plain := openSocket(b, "127.0.0.1", true, nil)
			write := func() {
				for range rounds * k {
					for _, a := range to {
						if err := plain.Send(packet, a); err != nil {
							b.Fatal(err)
						}
					}
				}
			}
			queued := func(single bool, uneven int) func() {
				s, q := openSocket(b, "127.0.0.1", false, nil), NewQueue()
				var flows []*Flow
				for _, a := range to {
					f := q.NewFlow(s, a)
					f.single = single
					flows = append(flows, f)
				}
				return func() {
					for range rounds {
						for i := range k {
							for _, f := range flows {
								f.Put(packet[:benchBytes-uneven+uneven*2*i/k])
							}
						}
						q.Flush()
					}
				}
			}
			contest(b, rounds*k*benchSinks, []string{"WriteTo", "sendmmsg", "uneven-GSO", "GSO"},
				write, queued(true, 0), queued(false, 1), queued(false, 0))
		})
	}
}

// BenchmarkReceive reads packets that are there already: sent one by one, and in messages of K.
func BenchmarkReceive(b *testing.B) {
	const waiting = 512
	for _, k := range []int{1, 4, 8} {
		b.Run(fmt.Sprintf("K=%d", k), func(b *testing.B) {
			packet := pattern(benchBytes, 1)
			fill := func(to *Socket) func() {
				s, q := openSocket(b, "127.0.0.1", false, nil), NewQueue()
				f := q.NewFlow(s, to.LocalAddr())
				return func() {
					for range waiting / k {
						for range k {
							f.Put(packet)
						}
						q.Flush()
					}
				}
			}
			drain := func(s *Socket) func() {
				got := 0
				each := func(netip.AddrPort, []byte) { got++ }
				return func() {
					for got = 0; got < waiting; {
						if err := s.Receive(each); err != nil {
							b.Fatal(err)
						}
					}
				}
			}
			plain, merging := openSocket(b, "127.0.0.1", true, nil), openSocket(b, "127.0.0.1", false, nil)
			single := openSocket(b, "127.0.0.1", false, nil)
			setMerging(b, single.conn, 0)
			receiveContest(b, waiting, []*Socket{plain, single, merging}, fill, drain)
		})
	}
}

func setMerging(b *testing.B, c *net.UDPConn, on int) {
	b.Helper()
	onDescriptor(c, func(fd int) {
		if err := unix.SetsockoptInt(fd, unix.SOL_UDP, unix.UDP_GRO, on); err != nil {
			b.Fatal(err)
		}
	})
}

// receiveContest is contest without what it costs to send.
func receiveContest(b *testing.B, datagrams int, sockets []*Socket, fill, drain func(*Socket) func()) {
	names := []string{"ReadFrom", "recvmmsg", "GRO"}
	var fills, drains []func()
	for _, s := range sockets {
		fills, drains = append(fills, fill(s)), append(drains, drain(s))
	}
	cpu, wall := make([]time.Duration, len(sockets)), make([]time.Duration, len(sockets))
	for b.Loop() {
		for i := range sockets {
			fills[i]()
			at, used := time.Now(), cpuTime(b)
			drains[i]()
			cpu[i] += cpuTime(b) - used
			wall[i] += time.Since(at)
		}
	}
	report(b, datagrams, names, cpu, wall)
}
