// The exposition of the benchmark's fleet, served by client_golang: a custom
// collector that makes constant metrics at each scrape, as exporters in Go do.
//
// GO111MODULE=off GOPATH=/usr/share/gocode go build -o target/peers/client_golang \
//     ./benches/peers/client_golang
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

var families = []string{
	"sag_user_enabled",
	"sag_user_static_ip",
	"sag_user_online_clients",
	"sag_user_bandwidth_limit_bytes_per_second",
	"sag_user_acceleration_bandwidth_limit_bytes_per_second",
	"sag_user_oldest_session_start_timestamp_seconds",
	"sag_user_newest_session_start_timestamp_seconds",
	"sag_user_last_online_timestamp_seconds",
}

type user struct {
	sagID, name string
	values      [8]float64
}

type fleet struct {
	descs []*prometheus.Desc
	users []user
}

func newFleet(instances, users int) *fleet {
	f := &fleet{}
	for _, name := range families {
		labels := []string{"sag_id", "user"}
		f.descs = append(f.descs, prometheus.NewDesc(name, "A value of a client account.", labels, nil))
	}
	for i := 0; i < instances; i++ {
		sagID := fmt.Sprintf("sag-%012x", 0xabcdef0000+i)
		for n := 0; n < users; n++ {
			start := float64(1_700_000_000 + n)
			f.users = append(f.users, user{sagID, fmt.Sprintf("user%04d.%06d", i, n), [8]float64{
				1, 0, 1, float64(125 * (1000 + n%4000)), float64(125 * 500 * (n % 8)), start, start, 1_800_000_000,
			}})
		}
	}
	return f
}

func (f *fleet) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range f.descs {
		ch <- desc
	}
}

func (f *fleet) Collect(ch chan<- prometheus.Metric) {
	for column, desc := range f.descs {
		for i := range f.users {
			u := &f.users[i]
			ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, u.values[column], u.sagID, u.name)
		}
	}
}

func main() {
	instances, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	users, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(newFleet(instances, users))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	options := promhttp.HandlerOpts{EnableOpenMetrics: true}
	http.Handle("/metrics", promhttp.HandlerFor(registry, options))
	log.Fatal(http.Serve(listener, nil))
}
