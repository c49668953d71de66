#include "kantei/dataset/object_ontology.h"

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>
#include <utility>

namespace kantei::dataset {
namespace {

struct Row {
  std::string_view name, group, places, nouns;
};
constexpr Row kRows[] = {
#include "kantei/dataset/object_ontology_table.inc"
};

/// Other spellings, after CanonicalNoun's blanks and lower case.
constexpr std::pair<std::string_view, std::string_view> kSpellings[] = {
    {"aeroplane", "airplane"},
    {"plane", "airplane"},
    {"aircraft", "airplane"},
    {"motorbike", "motorcycle"},
    {"bike", "bicycle"},
    {"cellphone", "cell phone"},
    {"mobile phone", "cell phone"},
    {"smartphone", "cell phone"},
    {"phone", "cell phone"},
    {"television", "tv"},
    {"tv monitor", "tv"},
    {"tvmonitor", "tv"},
    {"diningtable", "dining table"},
    {"table", "dining table"},
    {"pottedplant", "potted plant"},
    {"plant", "potted plant"},
    {"doughnut", "donut"},
    {"hair dryer", "hair drier"},
    {"remote control", "remote"},
    {"computer mouse", "mouse"},
    {"fridge", "refrigerator"},
    {"water lilly", "water lily"},
    {"lilly", "water lily"},
    {"faces easy", "face"},
    {"car side", "car"},
    {"cougar body", "cougar"},
    {"cougar face", "cougar"},
    {"crocodile head", "crocodile"},
    {"flamingo head", "flamingo"},
    {"wildcat", "wild cat"},
    {"seahorse", "sea horse"},
    {"football", "soccer ball"},
    {"ball", "sports ball"},
    {"people", "person"},
    {"men", "man"},
    {"women", "woman"},
    {"children", "child"},
    {"kid", "child"},
    {"eyeglasses", "glasses"},
    {"flying disc", "frisbee"},
    {"stop light", "traffic light"},
    {"hydrant", "fire hydrant"},
    {"rubbish bin", "dustbin"},
    {"trash can", "dustbin"},
    {"eggplant", "aubergine"},
    {"ladybug", "ladybird"},
    {"postbox", "mailbox"},
    {"street light", "street lamp"},
    {"sailboat", "sailing boat"},
    {"mice", "field mouse"},
    {"geese", "goose"},
    {"wolves", "wolf"},
    {"knives", "knife"},
    {"shelves", "shelf"},
    {"loaf", "bread"},
    {"headphones", "headphone"},
    {"binoculars", "binocular"},
};

constexpr std::string_view kWithoutArticle[] = {
    "water",    "grass",   "sand",       "snow",     "sky",    "fog",        "dirt",     "gravel",
    "bread",    "rice",    "pasta",      "sushi",    "cheese", "soap",       "bamboo",   "ivy",
    "broccoli", "salad",   "soup",       "skis",     "tiles",  "stairs",     "trousers", "noodles",
    "grapes",   "glasses", "sunglasses", "scissors", "pliers", "chopsticks", "clothing"};

std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    if (c != ' ') {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

struct Table {
  std::vector<OntologyClass> classes;
  std::vector<OntologyNoun> nouns;
  std::unordered_map<std::string_view, std::size_t> by_name;
  std::unordered_map<std::string_view, std::string_view> spellings;

  Table() {
    for (const Row& row : kRows) {
      for (const std::string& entry : Words(row.nouns)) {
        const std::size_t colon = entry.find(':');
        std::string name = entry.substr(0, colon);
        std::replace(name.begin(), name.end(), '_', ' ');
        nouns.push_back({std::move(name), classes.size(), entry[colon + 1] - '0'});
      }
      classes.push_back({std::string(row.name), std::string(row.group), Words(row.places)});
    }
    for (std::size_t i = 0; i < nouns.size(); ++i) by_name.emplace(nouns[i].name, i);
    for (const auto& [other, name] : kSpellings) spellings.emplace(other, name);
  }
};

const Table& TheTable() {
  static const Table table;
  return table;
}

/// The noun of the table for one spelling, empty when there is none.
std::string_view Known(std::string_view name) {
  const Table& table = TheTable();
  if (const auto spelling = table.spellings.find(name); spelling != table.spellings.end())
    return spelling->second;
  const auto found = table.by_name.find(name);
  return found == table.by_name.end() ? std::string_view() : table.nouns[found->second].name;
}

}  // namespace

std::span<const OntologyNoun> OntologyNouns() {
  return TheTable().nouns;
}
std::span<const OntologyClass> OntologyClasses() {
  return TheTable().classes;
}

std::string CanonicalNoun(std::string_view name) {
  std::string text;
  for (char c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool blank = c == '_' || c == '-' || static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
    if (!blank) {
      text += c;
    } else if (!text.empty() && text.back() != ' ') {
      text += ' ';
    }
  }
  while (text.ends_with(' ')) text.pop_back();
  if (const auto known = Known(text); !known.empty()) return std::string(known);
  // Plurals; only of nouns that are known, or "glass" would become "glas".
  const auto singular = [&](std::string_view ending, std::string_view instead) {
    if (!text.ends_with(ending)) return std::string_view();
    return Known(text.substr(0, text.size() - ending.size()) + std::string(instead));
  };
  for (const auto& [ending, instead] :
       {std::pair<std::string_view, std::string_view>{"ies", "y"}, {"es", ""}, {"s", ""}})
    if (const auto known = singular(ending, instead); !known.empty()) return std::string(known);
  return text;
}

const OntologyNoun* FindNoun(std::string_view canonical) {
  const Table& table = TheTable();
  for (std::string_view rest = canonical; !rest.empty();) {
    const std::string name = CanonicalNoun(rest);
    if (const auto found = table.by_name.find(name); found != table.by_name.end())
      return &table.nouns[found->second];
    const std::size_t blank = rest.find(' ');
    if (blank == rest.npos) return nullptr;
    rest.remove_prefix(blank + 1);
  }
  return nullptr;
}

std::string_view Article(std::string_view noun) {
  if (noun.empty() ||
      std::find(std::begin(kWithoutArticle), std::end(kWithoutArticle), noun) != std::end(kWithoutArticle))
    return {};
  // "a ukulele", "a unicycle": the letter is a vowel, the sound is not.
  if (noun.starts_with("uk") || noun.starts_with("uni")) return "a";
  return std::string_view("aeiou").find(noun.front()) != std::string_view::npos ? "an" : "a";
}

}  // namespace kantei::dataset
