// The machine that a pickle drives: a stack, marks on it, and a memory of values to come back to.
#include "io/pickle.hpp"

#include <algorithm>
#include <bit>
#include <unordered_map>

#include "core/error.hpp"
#include "io/byte_reader.hpp"
#include "io/pickle_names.hpp"

namespace fedorbit {
namespace {

using Kind = PickleValue::Kind;
constexpr std::size_t most_values = 1'000'000;

class Machine {
 public:
  Machine(std::span<const std::byte> bytes, const std::string& where) : reader_(bytes, where), where_(where) {}

  Pickle run() {
    while (out_.root == nullptr) step(static_cast<unsigned char>(reader_.take(1)[0]));
    return std::move(out_);
  }

 private:
  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail(where_, " is no pickle of tensors: before byte ", reader_.position(), " ", parts...);
  }
  void expect(bool fine, const char* what) const {
    if (!fine) refuse(what);
  }

  PickleValue& make(Kind kind) {
    if (out_.values.size() == most_values) refuse("it has made a million values.");
    out_.values.emplace_back().kind = kind;
    return out_.values.back();
  }
  PickleValue& push(Kind kind) {
    PickleValue& value = make(kind);
    stack_.push_back(&value);
    return value;
  }
  void push_number(Kind kind, std::int64_t number) { push(kind).number = number; }
  void push_text(std::string_view text) { push(Kind::text).text = text; }

  /// What lies above the last mark can be taken, no more.
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  PickleValue* pop() {
    expect(stack_.size() > floor(), "it takes a value from an empty stack.");
    PickleValue* top = stack_.back();
    stack_.pop_back();
    return top;
  }
  PickleValue* top() {
    expect(stack_.size() > floor(), "it changes a value on an empty stack.");
    return stack_.back();
  }
  std::vector<const PickleValue*> pop_to_mark() {
    expect(!marks_.empty(), "it goes back to a mark that it did not set.");
    const auto begin = stack_.begin() + std::ptrdiff_t(marks_.back());
    std::vector<const PickleValue*> out(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return out;
  }
  void push_tuple(std::size_t count) {
    std::vector<const PickleValue*> items(count);
    for (std::size_t i = count; i-- > 0;) items[i] = pop();
    push(Kind::sequence).items = std::move(items);
  }

  void append(std::vector<const PickleValue*> items) {
    expect(top()->kind == Kind::sequence, "it appends to what is no list.");
    add(*top(), items);
  }
  void set(std::vector<const PickleValue*> items) {
    expect(top()->kind == Kind::dictionary && items.size() % 2 == 0, "it sets entries of what is no dictionary.");
    add(*top(), items);
  }
  /// The same list may be added to itself and others again and again; each addition is of values on the stack.
  void add(PickleValue& to, const std::vector<const PickleValue*>& items) {
    to.items.insert(to.items.end(), items.begin(), items.end());
  }

  void remember(std::uint64_t place) {
    if (memory_.size() >= most_values) refuse("it has remembered a million values.");
    memory_[place] = top();
  }
  void recall(std::uint64_t place) {
    const auto found = memory_.find(place);
    expect(found != memory_.end(), "it recalls a value that it did not keep.");
    stack_.push_back(found->second);
  }

  void name(std::string_view module, std::string_view member) {
    PickleValue& value = push(Kind::name);
    const std::string full = text(module, " ", member);
    if (full.starts_with("__torch__")) {
      value.number = std::int64_t(PickleName::script_class);
      return;
    }
    const auto known = std::find_if(pickle_names.begin(), pickle_names.end(),
                                    [&](const KnownName& candidate) { return candidate.name == full; });
    if (known == pickle_names.end())
      refuse("it names '", module, ".", member,
             "'. Only tensors, dictionaries, numbers and strings are accepted, and nothing was executed; save the "
             "model's state_dict() alone.");
    value.number = std::int64_t(known->meaning);
    value.type = known->type;
  }

  bool is(const PickleValue* value, PickleName meaning) const {
    return value->kind == Kind::name && value->number == std::int64_t(meaning);
  }

  /// A tensor's numbers: ("storage", type, key, device, elements).
  void storage() {
    const PickleValue& id = *pop();
    expect(id.kind == Kind::sequence && id.items.size() == 5 && id.items[0]->kind == Kind::text &&
               id.items[0]->text == "storage" && is(id.items[1], PickleName::storage) &&
               id.items[2]->kind == Kind::text && id.items[4]->kind == Kind::integer && id.items[4]->number >= 0,
           "it refers to something outside that is no storage of tensors.");
    PickleValue& value = push(Kind::storage);
    value.type = id.items[1]->type;
    value.text = id.items[2]->text;
    value.number = id.items[4]->number;
  }

  void call() {
    const PickleValue& arguments = *pop();
    PickleValue* callee = pop();
    expect(callee->kind == Kind::name && arguments.kind == Kind::sequence, "it calls what is no known name.");
    const auto& items = arguments.items;
    switch (PickleName(callee->number)) {
      case PickleName::rebuild_tensor: {
        expect(items.size() >= 6 && items[0]->kind == Kind::storage && items[1]->kind == Kind::integer &&
                   items[2]->kind == Kind::sequence && items[3]->kind == Kind::sequence,
               "it makes a tensor of what is no storage, offset, sizes and strides.");
        PickleValue& value = push(Kind::tensor);
        value.items = {items[0], items[2], items[3]};
        value.number = items[1]->number;
        return;
      }
      case PickleName::rebuild_parameter:
        expect(!items.empty() && items[0]->kind == Kind::tensor, "it makes a parameter of what is no tensor.");
        return push_again(items[0]);
      case PickleName::ordered_dict:
        expect(items.empty(), "it makes an OrderedDict of something, not empty.");
        push(Kind::dictionary);
        return;
      case PickleName::size:
      case PickleName::list:
        expect(items.size() == 1 && items[0]->kind == Kind::sequence, "it makes a list of what is none.");
        return push_again(items[0]);
      case PickleName::tag:
        expect(!items.empty(), "it gives a type to nothing.");
        return push_again(items[0]);
      case PickleName::foreign:
        push(Kind::foreign);
        return;
      default:
        refuse("it calls a class.");
    }
  }
  void push_again(const PickleValue* value) { stack_.push_back(const_cast<PickleValue*>(value)); }

  void new_object() {
    const PickleValue &arguments = *pop(), &type = *pop();
    const bool foreign = is(&type, PickleName::foreign);
    expect(
        (is(&type, PickleName::script_class) || foreign) && arguments.kind == Kind::sequence && arguments.items.empty(),
        "it makes an object of a class that is not TorchScript's.");
    push(foreign ? Kind::foreign : Kind::object);
  }
  /// An object's attributes. What a dictionary carries besides its entries (PyTorch's versions of modules) is left out.
  void build() {
    const PickleValue& state = *pop();
    PickleValue& value = *top();
    if (value.kind == Kind::dictionary || value.kind == Kind::foreign) return;
    expect(value.kind == Kind::object && state.kind == Kind::dictionary && &state != &value && value.items.empty(),
           "it gives a state to what is no object.");
    value.items = {&state};
  }

  void step(unsigned char opcode) {
    switch (opcode) {
      case 0x80:  // PROTO
        expect(reader_.number(1) <= 5, "it has a protocol above 5.");
        return;
      case 0x95:  // FRAME
        reader_.take(8);
        return;
      case '(':  // MARK
        marks_.push_back(stack_.size());
        return;
      case '.':  // STOP
        out_.root = pop();
        return;
      case '0':  // POP
        pop();
        return;
      case 'N':
        push(Kind::none);
        return;
      case 0x88:
      case 0x89:  // NEWTRUE, NEWFALSE
        return push_number(Kind::boolean, opcode == 0x88);
      case 'J':
        return push_number(Kind::integer, std::int32_t(reader_.number(4)));
      case 'K':
        return push_number(Kind::integer, std::int64_t(reader_.number(1)));
      case 'M':
        return push_number(Kind::integer, std::int64_t(reader_.number(2)));
      case 0x8a:
        return long_integer(reader_.number(1));
      case 0x8b:
        return long_integer(reader_.number(4));
      case 'G':
        return real();
      case 'X':  // BINUNICODE
      case 'T':  // BINSTRING
        return push_text(reader_.take(reader_.number(4)));
      case 0x8c:  // SHORT_BINUNICODE
      case 'U':   // SHORT_BINSTRING
        return push_text(reader_.take(reader_.number(1)));
      case 0x8d:  // BINUNICODE8
        return push_text(reader_.take(reader_.number(8)));
      case 'C':  // SHORT_BINBYTES
        return pass_over(reader_.number(1));
      case 'B':  // BINBYTES
        return pass_over(reader_.number(4));
      case 0x8e:  // BINBYTES8
        return pass_over(reader_.number(8));
      case '}':
        push(Kind::dictionary);
        return;
      case ']':
      case ')':  // EMPTY_LIST, EMPTY_TUPLE
        push(Kind::sequence);
        return;
      case 't': {
        auto items = pop_to_mark();
        push(Kind::sequence).items = std::move(items);
        return;
      }
      case 0x85:
      case 0x86:
      case 0x87:  // TUPLE1, TUPLE2, TUPLE3
        return push_tuple(opcode - 0x84u);
      case 'a': {
        const PickleValue* item = pop();
        return append({item});
      }
      case 'e':
        return append(pop_to_mark());
      case 's': {
        const PickleValue *value = pop(), *key = pop();
        return set({key, value});
      }
      case 'u':
        return set(pop_to_mark());
      case 'q':
        return remember(reader_.number(1));
      case 'r':
        return remember(reader_.number(4));
      case 0x94:  // MEMOIZE
        return remember(memory_.size());
      case 'h':
        return recall(reader_.number(1));
      case 'j':
        return recall(reader_.number(4));
      case 'c': {
        const std::string_view module = reader_.line();
        return name(module, reader_.line());
      }
      case 0x93: {  // STACK_GLOBAL
        const PickleValue *member = pop(), *module = pop();
        expect(member->kind == Kind::text && module->kind == Kind::text, "it names something by what is no text.");
        return name(module->text, member->text);
      }
      case 'Q':  // BINPERSID
        return storage();
      case 'R':  // REDUCE
        return call();
      case 0x81:  // NEWOBJ
        return new_object();
      case 'b':
        return build();
      default:
        refuse("it uses the opcode ", unsigned(opcode), ", which pickles of tensors do not have.");
    }
  }

  void pass_over(std::uint64_t bytes) {
    reader_.take(bytes);
    push(Kind::foreign);
  }
  void long_integer(std::uint64_t width) {
    if (width > 8) return pass_over(width);
    std::uint64_t bits = reader_.number(unsigned(width));
    const unsigned unused = 64 - 8 * unsigned(width);
    // Two's complement of `width` bytes.
    push_number(Kind::integer, width == 0 ? 0 : std::int64_t(bits << unused) >> unused);
  }
  void real() {
    std::uint64_t bits = 0;
    for (const char byte : reader_.take(8)) bits = bits << 8 | static_cast<unsigned char>(byte);
    push(Kind::real).real = std::bit_cast<double>(bits);
  }

  ByteReader reader_;
  const std::string& where_;
  Pickle out_;
  std::vector<PickleValue*> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, PickleValue*> memory_;
};

}  // namespace

Pickle read_pickle(std::span<const std::byte> bytes, const std::string& where) { return Machine(bytes, where).run(); }

}  // namespace fedorbit
