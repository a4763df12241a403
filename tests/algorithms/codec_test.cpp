// What every registered codec must keep, and what each writes to the byte.
#include <cstring>

#include "algorithms/codecs/levels.hpp"
#include "algorithms/group.hpp"

namespace fedorbit {
namespace {

constexpr std::int64_t size = 88;

/// Tensors whose lengths are no multiples of eight, one that is not trained, and what no codec sees.
Layout layout_of() {
  Layout layout;
  layout.add({"first", {6, 10}, Owner::shared});
  layout.add({"own", {5}, Owner::personal});
  layout.add({"mean", {6}, Owner::shared, false, false, Role::statistic});
  layout.add({"queue", {9}, Owner::shared, false, false});
  layout.add({"second", {19}, Owner::shared});
  return layout;
}

std::unique_ptr<Codec> codec_of(const std::string& name, const std::vector<std::string>& options = {}) {
  auto all = with<CodecOptions>(options);
  all.codec = name;
  return make_codec(all);
}

/// A registered codec as it is by default, or with some of its options.
struct Variant {
  std::string name;
  std::vector<std::string> options;
};

std::vector<Variant> all_variants() {
  std::vector<Variant> all;
  for (const auto& name : codec_names()) {
    all.push_back({name, {}});
    all.push_back({name, {"zstd=3"}});
  }
  for (int bits = 1; bits <= 7; ++bits) all.push_back({"uniform", {text("uniform.bits=", bits)}});
  for (int bits = 2; bits <= 8; bits += 3)
    all.push_back({"uniform", {text("uniform.bits=", bits), "uniform.rounding=stochastic"}});
  for (const char* bits : {"uniform.bits=1", "uniform.bits=3"}) all.push_back({"uniform", {bits, "uniform.block=7"}});
  all.push_back({"qsgd", {"qsgd.levels=2", "qsgd.block=8"}});
  all.push_back({"qsgd", {"qsgd.levels=1", "qsgd.block=0"}});
  for (const char* fraction : {"fraction=0.2", "fraction=0.9", "fraction=1"})
    for (const char* name : {"top_k", "random_k"}) all.push_back({name, {text(name, ".", fraction)}});
  all.push_back({"random_k", {"random_k.fraction=0.6", "random_k.unbiased=true"}});
  all.push_back({"random_k", {"random_k.fraction=0.1", "random_k.unbiased=true"}});
  all.push_back({"power_sgd", {"power_sgd.rank=1", "power_sgd.iterations=1"}});
  return all;
}

std::string name_of(const testing::TestParamInfo<Variant>& info) {
  std::string name = info.param.name;
  for (const std::string& option : info.param.options) name += "_" + option.substr(option.find('.') + 1);
  for (char& letter : name)
    if (!std::isalnum(letter)) letter = '_';
  return name;
}

class EveryCodec : public testing::TestWithParam<Variant> {
 protected:
  std::unique_ptr<Codec> codec = codec_of(GetParam().name, GetParam().options);
  Layout layout = layout_of();
  Message message{layout, weights_message, 3, 7, Direction::upload, Keys(1)};
  Tensor read(const Tensor& values) const { return codec->decode(codec->encode(values, message), message); }
};

TEST_P(EveryCodec, reads_about_what_it_wrote_and_writes_the_same_again) {
  const Tensor values = normal({size}, 8, 8);
  const Bytes bytes = codec->encode(values, message);
  const Tensor read = codec->decode(bytes, message);
  EXPECT_EQ(read.sizes(), values.sizes());
  EXPECT_EQ(read.scalar_type(), at::kFloat);
  EXPECT_EQ(codec->encode(values, message), bytes);
  EXPECT_GT((read * values).sum().item<double>(), 0);
  EXPECT_TRUE(!codec->lossless() || at::equal(read, values));
  if (!codec->why_no_feedback(layout).empty()) return;
  EXPECT_LT((read - values).norm().item<double>(), values.norm().item<double>());
}

TEST_P(EveryCodec, writes_and_reads_the_same_wherever_numbers_and_bytes_begin_in_memory) {
  layout = Layout();
  layout.add({"matrix", {29, 33}, Owner::shared});
  layout.add({"rest", {7}, Owner::shared});
  const std::int64_t numbers = layout.weights(Owner::shared), line = 16;  // of the processor's memory
  const Tensor values = at::randn({numbers}), place = at::empty({numbers + line});
  const Bytes bytes = codec->encode(values, message);
  const Tensor first = codec->decode(bytes, message);
  std::vector<Bytes> copies;  // one behind the other
  for (std::int64_t offset = 0; offset < line; ++offset) {
    EXPECT_EQ(codec->encode(place.narrow(0, offset, numbers).copy_(values), message), bytes) << offset;
    EXPECT_TRUE(at::equal(codec->decode(copies.emplace_back(bytes), message), first)) << offset;
  }
}

TEST_P(EveryCodec, reads_nothing_where_nothing_was_written) {
  EXPECT_TRUE(at::equal(read(at::zeros({size})), at::zeros({size})));
  const Layout none;
  const Message empty{none, weights_message, 0, 0, Direction::upload, Keys(1)};
  EXPECT_EQ(codec->decode(codec->encode(at::zeros({0}), empty), empty).numel(), 0);
}

TEST_P(EveryCodec, holds_at_any_magnitude) {
  for (const double scale : {1e-42, 1e-30, 1e-4, 1e4, 1e30}) {
    const Tensor back = read(normal({size}, 9, 9) * scale);
    EXPECT_TRUE(at::isfinite(back).all().item<bool>()) << scale;
    EXPECT_LE(back.abs().max().item<double>(), (codec->why_no_feedback(layout).empty() ? 6 : 20) * scale);
  }
}

TEST_P(EveryCodec, survives_what_is_not_finite) {
  Tensor values = normal({size}, 8, 8);
  values[3] = NAN, values[20] = INFINITY, values[size - 1] = -INFINITY;
  EXPECT_EQ(read(values).numel(), size);
}

TEST_P(EveryCodec, refuses_bytes_that_are_no_message_of_the_layout) {
  Bytes bytes = codec->encode(normal({size}, 8, 8), message);
  bytes.pop_back();
  EXPECT_THROW(codec->decode(bytes, message), Error);
  bytes.resize(bytes.size() + 2);
  EXPECT_THROW(codec->decode(bytes, message), Error);
  EXPECT_THROW(codec->decode({}, message), Error);
}

TEST_P(EveryCodec, refuses_numbers_that_are_not_the_layouts) {
  EXPECT_THROW(codec->encode(at::zeros({size - 1}), message), Error);
  EXPECT_THROW(codec->encode(at::zeros({layout.size(Owner::shared)}), message), Error);
  EXPECT_THROW(codec->encode(at::zeros({size}, at::kDouble), message), Error);
  EXPECT_THROW(codec->encode(at::zeros({2 * size}).as_strided({size}, {2}), message), Error);
}

TEST_P(EveryCodec, with_error_feedback_says_in_the_end_what_one_message_cannot) {
  // The mean of what is read differs from what is meant by the last residual over the number of messages.
  const Tensor values = normal({size}, 8, 8), residual = at::zeros({size});
  Tensor sum = at::zeros({size}, at::kDouble);
  if (!codec->why_no_feedback(layout).empty()) return;
  constexpr int rounds = 4000;
  for (message.round = 0; message.round < rounds; ++message.round)
    sum += transmit(*codec, values, message, residual).values;
  EXPECT_LT(relative(sum / double(rounds), values), 0.05);
  EXPECT_LT(relative(sum + residual, double(rounds) * values), 1e-5);
  EXPECT_TRUE(!codec->lossless() || residual.abs().max().item<float>() == 0);
}

TEST_P(EveryCodec, that_is_not_for_error_feedback_loses_more_than_it_says) {
  // Numbers that are a quarter of the largest: a step of that size is as far from them as it can be.
  const Tensor values = at::full({size}, 0.25);
  for (const std::int64_t first : {0, 60, 79}) values[first] = 1;
  double lost = 0;
  constexpr int rounds = 40;
  for (message.round = 0; message.round < rounds; ++message.round)
    lost += (read(values) - values).square().sum().item<double>() / rounds;
  EXPECT_EQ(lost > values.square().sum().item<double>(), !codec->why_no_feedback(layout).empty());
}

INSTANTIATE_TEST_SUITE_P(all, EveryCodec, testing::ValuesIn(all_variants()), name_of);

struct Codecs : testing::Test {
  Layout layout = layout_of();
  Message message{layout, weights_message, 3, 7, Direction::upload, Keys(1)};
};

TEST_F(Codecs, of_four_bytes_a_number_lose_nothing) {
  const auto codec = codec_of("float32");
  Tensor values = normal({size}, 8, 8);
  values[0] = INFINITY, values[1] = -0.0f, values[2] = 1e-42f;
  const Bytes bytes = codec->encode(values, message);
  EXPECT_EQ(bytes.size(), 4u * size);
  EXPECT_EQ(std::memcmp(codec->decode(bytes, message).const_data_ptr(), values.const_data_ptr(), 4 * size), 0);
}

TEST_F(Codecs, of_two_bytes_a_number_round_to_the_nearest_and_stay_within_what_these_hold) {
  const auto codec = codec_of("float16");
  Tensor values = normal({size}, 8, 8);
  values[0] = 1e6, values[1] = -65600, values[2] = 6e-8;
  const Bytes bytes = codec->encode(values, message);
  EXPECT_EQ(bytes.size(), 2u * size);
  const Tensor read = codec->decode(bytes, message);
  EXPECT_EQ(read[0].item<float>(), 65504);
  EXPECT_EQ(read[1].item<float>(), -65504);
  EXPECT_FLOAT_EQ(read[2].item<float>(), 0x1p-24f);
  EXPECT_LT(relative(read.narrow(0, 3, size - 3), values.narrow(0, 3, size - 3)), 0x1p-11);
}

TEST_F(Codecs, of_a_few_bits_take_these_for_each_number_and_four_bytes_a_tensor) {
  for (int bits = 1; bits <= 8; ++bits) {
    const auto codec = codec_of("uniform", {text("uniform.bits=", bits)});
    std::size_t expected = 0;
    for (const int numel : {60, 19, 9}) expected += std::size_t((numel * bits + 7) / 8 + 4);
    EXPECT_EQ(codec->encode(normal({size}, 8, 8), message).size(), expected) << bits;
  }
}

TEST_F(Codecs, of_one_bit_are_signs_times_the_mean_magnitude_of_their_tensor) {
  const auto codec = codec_of("uniform", {"uniform.bits=1"});
  const Tensor values = normal({size}, 8, 8), read = codec->decode(codec->encode(values, message), message);
  for (const auto& entry : layout.entries(Owner::shared)) {
    if (entry.role == Role::statistic) continue;
    const Tensor mine = values.narrow(0, entry.offset, entry.numel);
    EXPECT_LT(relative(read.narrow(0, entry.offset, entry.numel), mine.sign() * mine.abs().mean()), 1e-6) << entry.name;
  }
}

TEST_F(Codecs, of_more_bits_round_to_the_nearest_of_equally_spaced_levels) {
  for (int bits = 2; bits <= 8; ++bits) {
    const auto codec = codec_of("uniform", {text("uniform.bits=", bits)});
    const Tensor values = normal({size}, 8, 8), read = codec->decode(codec->encode(values, message), message);
    for (const auto& entry : layout.entries(Owner::shared)) {
      if (entry.role == Role::statistic) continue;
      const Tensor mine = values.narrow(0, entry.offset, entry.numel).to(at::kDouble);
      const Tensor step = mine.abs().max() / double((1 << (bits - 1)) - 1);
      EXPECT_LT(relative(read.narrow(0, entry.offset, entry.numel), (mine / step).round() * step), 1e-6)
          << entry.name << ", " << bits << " bits";
    }
  }
}

TEST_F(Codecs, write_the_bytes_that_are_promised) {
  Layout layout;
  layout.add({"w", {5}, Owner::shared});
  const Message message{layout, weights_message, 0, 0, Direction::upload, Keys(1)};
  const Tensor values = at::tensor({3.f, -3.f, 1.f, 0.f, -1.f});
  const auto written = [&](int bits) {
    std::vector<int> bytes;
    for (const std::byte b : codec_of("uniform", {text("uniform.bits=", bits)})->encode(values, message))
      bytes.push_back(int(b));
    return bytes;
  };
  // A scale of 1 (0x3f800000), levels -3..3 as 0..6: 6, 0, 4, 3, 2 from the lowest bit on.
  EXPECT_THAT(written(3), testing::ElementsAre(0, 0, 0x80, 0x3f, 0b00000110, 0b00100111));
  // A scale of 1.6 (0x3fcccccd), signs 1, 0, 1, 1, 0.
  EXPECT_THAT(written(1), testing::ElementsAre(0xcd, 0xcc, 0xcc, 0x3f, 0b00001101));
}

TEST_F(Codecs, write_and_read_what_an_independent_program_does) {
  const NamedTensors reference = read_safetensors(golden / "codecs.safetensors").tensors;
  const auto named = [&](const std::string& name) { return reference.at(name); };
  const Tensor values = named("values");
  const std::vector<std::pair<std::string, Variant>> all{
      {"float32", {"float32", {}}},
      {"float16", {"float16", {}}},
      {"bfloat16", {"bfloat16", {}}},
      {"uniform 1", {"uniform", {"uniform.bits=1"}}},
      {"uniform 3", {"uniform", {"uniform.bits=3"}}},
      {"uniform 8 block", {"uniform", {"uniform.block=7"}}},
      {"uniform 4 stochastic", {"uniform", {"uniform.bits=4", "uniform.rounding=stochastic"}}},
      {"qsgd", {"qsgd", {}}},
      {"qsgd 2 block", {"qsgd", {"qsgd.levels=2", "qsgd.block=8"}}},
      {"top_k", {"top_k", {}}},
      {"top_k 0.1", {"top_k", {"top_k.fraction=0.1"}}},
      {"top_k 0.5", {"top_k", {"top_k.fraction=0.5"}}},
      {"random_k 0.1", {"random_k", {"random_k.fraction=0.1"}}},
      {"random_k 0.75", {"random_k", {"random_k.fraction=0.75", "random_k.unbiased=true"}}},
      {"power_sgd", {"power_sgd", {}}},
      {"power_sgd 1", {"power_sgd", {"power_sgd.rank=1", "power_sgd.iterations=1"}}}};
  EXPECT_EQ(reference.size(), 1 + 2 * all.size());
  for (const auto& [name, variant] : all) {
    const auto codec = codec_of(variant.name, variant.options);
    const Tensor written = named(name + ".bytes"), read = named(name + ".read");
    const auto* first = reinterpret_cast<const std::byte*>(written.const_data_ptr<std::uint8_t>());
    const Bytes expected(first, first + written.numel());
    EXPECT_LT(relative(codec->decode(expected, message), read), 1e-6) << name;
    const Bytes bytes = codec->encode(values, message);
    if (variant.name == "power_sgd") {  // whose products are rounded
      EXPECT_EQ(bytes.size(), expected.size());
      EXPECT_LT(relative(codec->decode(bytes, message), read), 1e-5) << name;
    } else {
      EXPECT_EQ(bytes, expected) << name;
    }
  }
}

TEST_F(Codecs, of_largest_magnitudes_are_those_of_a_whole_sort_however_many_there_are) {
  // As many numbers as a sample is taken of, with many that are equal.
  for (const std::int64_t all : {std::int64_t{1}, std::int64_t{1000}, std::int64_t{200'000}}) {
    Layout layout;
    layout.add({"w", {all}, Owner::shared});
    const Message message{layout, weights_message, 0, 0, Direction::upload, Keys(1)};
    const Tensor values = (normal({all}, 3, 3) * 20).round() / 20;
    for (const double fraction : {1e-4, 0.01, 0.5}) {
      const auto count = std::max<std::int64_t>(1, std::llround(fraction * double(all)));
      const auto codec = codec_of("top_k", {text("top_k.fraction=", fraction)});
      const auto order = std::get<1>(values.abs().sort(/*stable=*/true, 0, /*descending=*/true)).narrow(0, 0, count);
      const Tensor expected = at::zeros_like(values).index_copy(0, order, values.index_select(0, order));
      EXPECT_TRUE(at::equal(codec->decode(codec->encode(values, message), message), expected))
          << all << " " << fraction;
    }
  }
}

TEST_F(Codecs, of_one_rank_read_a_matrix_of_that_rank_as_it_is_and_leave_what_is_no_matrix) {
  Tensor values = normal({size}, 8, 8);
  values.narrow(0, 0, 60).copy_(at::outer(normal({6}, 1, 1), normal({10}, 2, 2)).flatten());
  const auto codec = codec_of("power_sgd", {"power_sgd.rank=1"});
  const Bytes bytes = codec->encode(values, message);
  EXPECT_EQ(bytes.size(), 4u * (6 + 10 + 9 + 19));
  const Tensor read = codec->decode(bytes, message);
  EXPECT_LT(relative(read.narrow(0, 0, 60), values.narrow(0, 0, 60)), 1e-6);
  EXPECT_TRUE(at::equal(read.narrow(0, 60, size - 60), values.narrow(0, 60, size - 60)));
}

TEST_F(Codecs, of_random_places_take_others_by_client_and_round_and_are_right_in_the_mean_where_they_are_asked_to) {
  const auto codec = codec_of("random_k", {"random_k.fraction=0.25", "random_k.unbiased=true"});
  const Tensor values = normal({size}, 8, 8);
  Tensor sum = at::zeros({size}, at::kDouble);
  constexpr int clients = 8000;
  for (message.client = 0; message.client < clients; ++message.client) {
    const Bytes bytes = codec->encode(values, message);
    EXPECT_EQ(bytes.size(), 4u * 22);
    sum += codec->decode(bytes, message);
  }
  EXPECT_LT(relative(sum / double(clients), values), 0.03);
}

TEST_F(Codecs, say_what_is_wrong_with_a_damaged_message) {
  const Tensor values = normal({size}, 8, 8);
  const auto said = [&](const std::string& name, const std::vector<std::string>& options, const auto& damage) {
    const auto codec = codec_of(name, options);
    Bytes bytes = codec->encode(values, message);
    damage(bytes);
    return sentence([&] { codec->decode(bytes, message); });
  };
  const auto set = [](std::size_t place, int value) { return [=](Bytes& bytes) { bytes[place] = std::byte(value); }; };
  const auto longer = [](Bytes& bytes) { bytes.push_back(std::byte{0}); };
  EXPECT_EQ(said("float32", {}, longer),
            "the float32 message \"weights\" from client 7 in round 3 is damaged: it has 353 bytes, and its tensors "
            "take 352.");
  EXPECT_THAT(said("uniform", {}, set(3, 0xff)), testing::HasSubstr("a scale of first is "));
  EXPECT_THAT(said("uniform", {"uniform.bits=2"}, set(4, 0xff)), testing::HasSubstr("is level 3 of 3"));
  EXPECT_THAT(said("top_k", {"top_k.fraction=0.1"}, set(0, 0xff)),
              testing::HasSubstr("are not 9 ascending ones below 88"));
  EXPECT_THAT(said("top_k", {"top_k.fraction=0.9"}, set(0, 0)),
              testing::HasSubstr("are not 79 ascending ones below 88"));
  EXPECT_THAT(said("float32", {"zstd=1"}, set(0, 0)), testing::HasSubstr("no frame that states its content's length"));
  EXPECT_THAT(said("float32", {"zstd=1"}, longer), testing::HasSubstr("are not one frame"));
  // A frame that says it holds a gigabyte is not made room for.
  const auto huge = [](Bytes& bytes) {
    bytes = {};
    for (const int byte : {0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0x00, 0x00, 0x00, 0x40, 0x01, 0x00, 0x00})
      bytes.push_back(std::byte(byte));
  };
  EXPECT_THAT(said("float32", {"zstd=1"}, huge),
              testing::HasSubstr("said to have 1073741824 bytes, and its tensors take 352"));
}

TEST_F(Codecs, that_round_at_random_are_right_in_the_mean_and_differ_by_client_round_name_and_direction) {
  const auto codec = codec_of("uniform", {"uniform.bits=2", "uniform.rounding=stochastic"});
  const Tensor values = normal({size}, 8, 8);
  Tensor sum = at::zeros({size}, at::kDouble);
  constexpr int clients = 4000;
  for (message.client = 0; message.client < clients; ++message.client)
    sum += codec->decode(codec->encode(values, message), message);
  EXPECT_LT(relative(sum / double(clients), values), 0.03);
  const Bytes bytes = codec->encode(values, message);
  const auto of = [&](const std::string& name, std::int64_t round, ClientId client, Direction direction) {
    return codec->encode(values, {layout, name, round, client, direction, Keys(1)});
  };
  EXPECT_EQ(of(weights_message, 3, clients, Direction::upload), bytes);
  EXPECT_NE(of(weights_message, 3, 8, Direction::upload), bytes);
  EXPECT_NE(of(weights_message, 4, clients, Direction::upload), bytes);
  EXPECT_NE(of("c", 3, clients, Direction::upload), bytes);
  EXPECT_NE(of(weights_message, 3, clients, Direction::download), bytes);
  EXPECT_THAT(sentence([] {
                codec_of("uniform", {"uniform.bits=1", "uniform.rounding=stochastic"});
              }),
              testing::HasSubstr("is for 2 bits and more"));
}

TEST(Levels, are_packed_without_a_gap_and_unpacked) {
  Stream stream = Keys(4).stream(Purpose::test);
  for (std::int64_t bits = 1; bits <= 8; ++bits)
    for (const std::int64_t count : {1, 7, 8, 9, 64, 1021}) {
      std::vector<std::uint8_t> levels(std::size_t(count), 0), read(levels);
      for (auto& level : levels) level = std::uint8_t(stream.below(std::uint64_t(1) << bits));
      // One byte more than is needed, which must stay.
      std::vector<std::byte> packed(std::size_t(packed_bytes(count, bits) + 1), std::byte{0xa5});
      pack(levels.data(), count, bits, packed.data());
      EXPECT_EQ(packed.back(), std::byte{0xa5});
      for (std::int64_t bit = 0; bit < count * bits; ++bit)
        ASSERT_EQ(int(packed[std::size_t(bit / 8)]) >> (bit % 8) & 1,
                  levels[std::size_t(bit / bits)] >> (bit % bits) & 1)
            << bits << " bits, " << count << " levels, bit " << bit;
      unpack(packed.data(), count, bits, read.data());
      EXPECT_EQ(read, levels) << bits << " bits, " << count << " levels";
    }
}

}  // namespace
}  // namespace fedorbit
