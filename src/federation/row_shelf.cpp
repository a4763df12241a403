#include "federation/row_shelf.hpp"

#include <optional>
#include <vector>

#include "core/error.hpp"
#include "io/scratch_file.hpp"

namespace fedorbit {
namespace {

void require_plain(const Tensor& numbers) {
  require(numbers.is_cpu() && numbers.is_contiguous() && numbers.scalar_type() == at::kFloat,
          "kept rows are float32 in one piece on the CPU.");
}

}  // namespace

struct RowShelf::Places {
  std::int64_t row_bytes;
  Room room;
  std::int64_t in_memory = 0, in_file = 0;  // bytes of rows; places, free ones too
  std::vector<std::int64_t> free{};         // places in the file
  std::optional<ScratchFile> file{};
};

class RowShelf::InMemory final : public KeptRow {
 public:
  InMemory(std::shared_ptr<Places> places, const Tensor& row) : places_(std::move(places)), row_(row.clone()) {
    places_->in_memory += places_->row_bytes;
  }
  ~InMemory() override { places_->in_memory -= places_->row_bytes; }
  void read(std::int64_t first, const Tensor& into) const override { into.copy_(row_.narrow(0, first, into.numel())); }

 private:
  std::shared_ptr<Places> places_;
  Tensor row_;
};

class RowShelf::InFile final : public KeptRow {
 public:
  InFile(std::shared_ptr<Places> places, const Tensor& row) : places_(std::move(places)) {
    if (!places_->file) places_->file.emplace(places_->room.folder, "what clients keep beyond machine.client_memory");
    const bool fresh = places_->free.empty();
    place_ = fresh ? places_->in_file : places_->free.back();
    places_->file->write(place_ * places_->row_bytes, row.const_data_ptr(), std::size_t(places_->row_bytes));
    if (fresh) {
      places_->file->flush();
      ++places_->in_file;
    } else {
      places_->free.pop_back();
    }
  }
  ~InFile() override { places_->free.push_back(place_); }
  void read(std::int64_t first, const Tensor& into) const override {
    require_plain(into);
    require(first >= 0 && std::int64_t(into.nbytes()) <= places_->row_bytes - first * std::int64_t(sizeof(float)),
            "more was asked of a kept row than it has.");
    places_->file->read(place_ * places_->row_bytes + first * std::int64_t(sizeof(float)), into.mutable_data_ptr(),
                        into.nbytes());
  }

 private:
  std::shared_ptr<Places> places_;
  std::int64_t place_;
};

RowShelf::RowShelf(std::int64_t row_length, Room room)
    : places_(std::make_shared<Places>(row_length * std::int64_t(sizeof(float)), std::move(room))) {}
RowShelf::~RowShelf() = default;
RowShelf::RowShelf(RowShelf&&) noexcept = default;
RowShelf& RowShelf::operator=(RowShelf&&) noexcept = default;

std::unique_ptr<const KeptRow> RowShelf::put(const Tensor& row) {
  require_plain(row);
  require(std::int64_t(row.nbytes()) == places_->row_bytes, "a row of ", row.numel(), " numbers was to be kept for ",
          places_->row_bytes / std::int64_t(sizeof(float)), ".");
  if (places_->row_bytes <= places_->room.memory - places_->in_memory) return std::make_unique<InMemory>(places_, row);
  return std::make_unique<InFile>(places_, row);
}

}  // namespace fedorbit
