#include "comm/star.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/log.hpp"

namespace fedorbit {
namespace {

constexpr double patience = 5;  // seconds for all ranks to reach the root

/// What a rank says of itself through MPI; addresses and port are the root's.
struct Card {
  std::array<char, 64> host{};
  std::array<in_addr, 16> addresses{};
  int process = 0, known = 0;
  std::uint64_t key = 0;
  in_port_t port = 0;
};

/// This machine's addresses, those that other machines can use first.
void list_addresses(Card& card) {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return;
  for (const bool loopback : {false, true})
    for (const ifaddrs* one = all; one != nullptr && card.known < int(card.addresses.size()); one = one->ifa_next)
      if (one->ifa_addr != nullptr && one->ifa_addr->sa_family == AF_INET && (one->ifa_flags & IFF_UP) != 0 &&
          ((one->ifa_flags & IFF_LOOPBACK) != 0) == loopback)
        card.addresses[card.known++] = reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr;
  ::freeifaddrs(all);
}

sockaddr_in endpoint(in_addr address, in_port_t port) {
  sockaddr_in there{};
  there.sin_family = AF_INET;
  there.sin_addr = address;
  there.sin_port = port;
  return there;
}

bool ready(int socket, short events, double seconds) {
  pollfd one{socket, events, 0};
  return seconds > 0 && ::poll(&one, 1, int(seconds * 1000)) == 1;
}

/// A socket on which the root listens, written to its card; none where the system gives none.
Descriptor listen_for(Card& card, int ranks) {
  Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in here = endpoint({INADDR_ANY}, 0);
  socklen_t length = sizeof here;
  if (!listener || ::bind(listener.number(), reinterpret_cast<sockaddr*>(&here), length) != 0 ||
      ::listen(listener.number(), ranks) != 0 ||
      ::getsockname(listener.number(), reinterpret_cast<sockaddr*>(&here), &length) != 0)
    return Descriptor();
  list_addresses(card);
  card.port = here.sin_port;
  std::random_device random;
  card.key = std::uint64_t(random()) << 32 | random();
  return listener;
}

/// A line to the root, who answers with the key: at some of its addresses another machine may be found.
Descriptor reach(const Card& root, int rank) {
  for (int a = 0; a < root.known; ++a) {
    Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const sockaddr_in there = endpoint(root.addresses[a], root.port);
    ::connect(socket.number(), reinterpret_cast<const sockaddr*>(&there), sizeof there);
    if (!ready(socket.number(), POLLOUT, 1)) continue;
    ::fcntl(socket.number(), F_SETFL, 0);
    Star::Line line{std::move(socket), 0, ""};
    Note answer{};
    if (send(line, {Word::hello, rank, 0, root.key}) && ready(line.socket.number(), POLLIN, patience) &&
        receive(line, answer) && answer.key == root.key)
      return std::move(line.socket);
  }
  return Descriptor();
}

/// Lets in who shows the key, until all ranks have come or their time is over.
void let_in(Star& star, const Descriptor& listener, std::uint64_t key) {
  const Stopwatch watch;
  while (int(star.lines.size()) + 1 < star.size && ready(listener.number(), POLLIN, patience - watch.seconds())) {
    Star::Line line{Descriptor(::accept4(listener.number(), nullptr, nullptr, SOCK_CLOEXEC)), 0, ""};
    Note hello{};
    if (line.socket && ready(line.socket.number(), POLLIN, 1) && receive(line, hello) && hello.key == key &&
        send(line, hello)) {
      line.rank = hello.rank;
      // A rank that came by another address before has given that line up.
      std::erase_if(star.lines, [&](const Star::Line& earlier) { return earlier.rank == line.rank; });
      star.lines.push_back(std::move(line));
    }
  }
}

}  // namespace

bool send(const Star::Line& line, const Note& note) {
  return ::send(line.socket.number(), &note, sizeof note, MSG_NOSIGNAL) == ssize_t(sizeof note);
}

bool receive(const Star::Line& line, Note& note) {
  return ::recv(line.socket.number(), &note, sizeof note, MSG_WAITALL) == ssize_t(sizeof note);
}

Star Star::connect(int rank, int size, const Gather& gather) {
  Star star;
  star.rank = rank;
  star.size = size;
  if (size == 1) return star;
  Card mine;
  ::gethostname(mine.host.data(), mine.host.size() - 1);
  mine.process = ::getpid();
  const Descriptor listener = rank == 0 ? listen_for(mine, size) : Descriptor();
  std::vector<Card> cards(std::size_t(size), Card{});
  gather(&mine, cards.data(), sizeof mine);
  if (rank == 0 && listener) let_in(star, listener, mine.key);
  if (rank > 0)
    if (Descriptor socket = reach(cards.front(), rank)) star.lines.push_back({std::move(socket), 0, ""});
  // A rank or a root that stood still meanwhile may hold a line that its other end has given up.
  std::vector<char> held(std::size_t(size), 0), of_all(std::size_t(size) * std::size_t(size), 0);
  for (const Line& line : star.lines) held[std::size_t(line.rank)] = 1;
  gather(held.data(), of_all.data(), held.size());
  std::erase_if(star.lines, [&](const Line& line) {
    return !of_all[std::size_t(line.rank) * std::size_t(size) + std::size_t(rank)];
  });
  const auto who = [&](int r) {
    return text("rank ", r, " (process ", cards[r].process, " on ", cards[r].host.data(), ")");
  };
  for (Line& line : star.lines) line.who = who(line.rank);
  for (int r = 1; rank == 0 && r < size; ++r)
    if (std::ranges::find(star.lines, r, &Line::rank) == star.lines.end())
      log::warning(who(r),
                   " cannot reach the root over the network: should one of the two die, the other waits until "
                   "its launcher ends it.");
  return star;
}

}  // namespace fedorbit
