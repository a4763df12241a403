#include "results/journal_piece.hpp"

#include <bit>

#include "io/byte_reader.hpp"
#include "io/file.hpp"

namespace fedorbit {
namespace {

constexpr std::size_t length_bytes = 8, checksum_bytes = 64;

void put(std::string& out, std::uint64_t number) {
  for (unsigned i = 0; i < length_bytes; ++i) out += char(number >> 8 * i & 255);
}

void put(std::string& out, std::string_view words) {
  put(out, words.size());
  out += words;
}

void put(std::string& out, const Journal::Cell& cell) {
  out += char('0' + cell.index());
  if (const auto* integer = std::get_if<std::int64_t>(&cell)) put(out, std::uint64_t(*integer));
  if (const auto* real = std::get_if<double>(&cell)) put(out, std::bit_cast<std::uint64_t>(*real));
  if (const auto* words = std::get_if<std::string>(&cell)) put(out, std::string_view(*words));
}

std::uint64_t take_number(ByteReader& in) { return in.number(length_bytes); }

Journal::Cell take_cell(ByteReader& in) {
  switch (in.take(1)[0] - '0') {
    case 0:
      return std::int64_t(take_number(in));
    case 1:
      return std::bit_cast<double>(take_number(in));
    default:
      return std::string(in.take(take_number(in)));
  }
}

std::string sum_of(std::string_view content, const std::string& before) {
  return sha256(before + std::string(content));
}

}  // namespace

std::string first_journal_checksum() { return sha256("fedorbit-journal 1"); }

std::string write_piece(std::string_view table, const std::vector<Journal::Row>& rows, std::string& checksum) {
  std::string content, piece;
  put(content, table);
  put(content, rows.size());
  for (const Journal::Row& row : rows) {
    put(content, row.size());
    for (const Journal::Cell& cell : row) put(content, cell);
  }
  checksum = sum_of(content, checksum);
  put(piece, content.size());
  return piece + checksum + content;
}

std::optional<JournalPiece> read_piece(std::string_view& bytes, std::string& checksum) {
  const std::string where = "a piece of the journal";
  ByteReader in(std::as_bytes(std::span(bytes)), where);
  if (in.left() < length_bytes + checksum_bytes) return std::nullopt;
  const std::uint64_t length = take_number(in);
  const std::string sum(in.take(checksum_bytes));
  if (length > in.left()) return std::nullopt;
  const std::string_view content = in.take(length);
  if (sum_of(content, checksum) != sum) return std::nullopt;
  ByteReader inside(std::as_bytes(std::span(content)), where);
  JournalPiece piece;
  piece.table = inside.take(take_number(inside));
  for (std::uint64_t left = take_number(inside); left > 0; --left) {
    Journal::Row& row = piece.rows.emplace_back();
    for (std::uint64_t cells = take_number(inside); cells > 0; --cells) row.push_back(take_cell(inside));
  }
  bytes.remove_prefix(length_bytes + checksum_bytes + length);
  checksum = sum;
  return piece;
}

}  // namespace fedorbit
