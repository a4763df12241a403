#include "results/journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/error.hpp"
#include "io/file.hpp"
#include "io/mapping.hpp"
#include "results/journal_piece.hpp"

namespace fedorbit {
namespace {

/// Visits the pieces of the first mark.bytes, and returns what follows them; throws where they are not what the mark
/// was given for.
std::string_view visit_until(const std::filesystem::path& path, std::string_view bytes, const Journal::Mark& mark,
                             const Journal::Visit& visitor) {
  require(std::uint64_t(mark.bytes) <= bytes.size(), path.string(), " was cut short: it has ", bytes.size(), " of the ",
          mark.bytes, " bytes that were kept.");
  std::string_view left = bytes.substr(0, std::size_t(mark.bytes));
  std::string checksum = first_journal_checksum();
  while (!left.empty()) {
    const std::size_t at = std::size_t(mark.bytes) - left.size();
    std::optional<JournalPiece> piece = read_piece(left, checksum);
    require(piece.has_value(), path.string(), " is damaged: what follows byte ", at, " does not fit its checksum.");
    visitor(piece->table, piece->rows);
  }
  require(checksum == mark.checksum, path.string(), " is another run's, or damaged: its first ", mark.bytes,
          " bytes do not fit the checksum that was kept.");
  return bytes.substr(std::size_t(mark.bytes));
}

std::string_view all_of(const FileBytes& bytes) { return {reinterpret_cast<const char*>(bytes.data), bytes.size}; }

void ignore(const std::string&, std::vector<Journal::Row>&) {}

}  // namespace

Journal::Journal(const std::filesystem::path& path) : path_(path), end_{0, first_journal_checksum()} {
  file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
  require(file_ >= 0, path.string(), " cannot be written: ", std::generic_category().message(errno), ".");
}

Journal::Journal(const std::filesystem::path& path, const Mark& mark, const Keep& keep) : path_(path), end_(mark) {
  const FileBytes bytes = map_file(path);
  std::string_view left = visit_until(path, all_of(bytes), mark, ignore);
  std::string checksum = mark.checksum;
  while (std::optional<JournalPiece> piece = read_piece(left, checksum)) {
    std::erase_if(piece->rows, [&](const Row& row) { return !keep(piece->table, row); });
    add(piece->table, piece->rows);
  }
  // A kill in between leaves the old file, on which the checkpoint stands as well.
  AtomicFile shorter(path);
  shorter.write(all_of(bytes).substr(0, std::size_t(mark.bytes)));
  shorter.write(waiting_);
  shorter.commit();
  waiting_.clear();
  file_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  require(file_ >= 0, path.string(), " cannot be written: ", std::generic_category().message(errno), ".");
}

Journal::~Journal() {
  if (file_ >= 0) ::close(file_);
}

void Journal::add(std::string_view table, const std::vector<Row>& rows) {
  if (rows.empty()) return;
  const std::string piece = write_piece(table, rows, end_.checksum);
  end_.bytes += std::int64_t(piece.size());
  waiting_ += piece;
}

void Journal::flush() {
  write_all(file_, path_, waiting_);
  waiting_.clear();
}

Journal::Mark Journal::keep() {
  flush();
  require(::fsync(file_) == 0, path_.string(), " cannot be written: ", std::generic_category().message(errno), ".");
  return end_;
}

void Journal::visit(const Visit& visitor) {
  flush();
  if (end_.bytes > 0) visit_until(path_, all_of(map_file(path_)), end_, visitor);
}

void Journal::require_whole(const std::filesystem::path& path, const Mark& mark) {
  const FileBytes bytes = map_file(path);
  visit_until(path, all_of(bytes), mark, ignore);
}

}  // namespace fedorbit
