// One piece of a journal as bytes: its length, a checksum of it and of all pieces before it, and rows of one table.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/journal.hpp"

namespace fedorbit {

struct JournalPiece {
  std::string table;
  std::vector<Journal::Row> rows;
};

/// The checksum of a journal without pieces; it stands for the format.
std::string first_journal_checksum();

/// The piece as it is written after pieces of the checksum `before`; gives its own back.
std::string write_piece(std::string_view table, const std::vector<Journal::Row>& rows, std::string& checksum);

/// The piece at the begin of `bytes`, which shrink by it, and `checksum` moves on; nothing where it is not whole.
std::optional<JournalPiece> read_piece(std::string_view& bytes, std::string& checksum);

}  // namespace fedorbit
