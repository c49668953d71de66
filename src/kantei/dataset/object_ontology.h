// A built-in table of common nouns: what each thing is, where it is found and how large it is.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kantei::dataset {

struct OntologyNoun {
  std::string name;       ///< in lower case, with blanks: "dining table"
  std::size_t class_idx;  ///< into OntologyClasses()
  int size;               ///< 1 (a coin) .. 9 (a house and more); each step is two to three times as long
};

struct OntologyClass {
  std::string name;                 ///< "pet"
  std::string group;                ///< of related classes: "animal"
  std::vector<std::string> places;  ///< "home", "street" ...
};

/// Some 600 nouns in 47 classes, our own; the 80 categories of COCO and the 101 of Caltech-101 are among them.
std::span<const OntologyNoun> OntologyNouns();
std::span<const OntologyClass> OntologyClasses();

/// A name as annotators write it, made comparable: lower case, blanks for _ and -, one blank between words, known other spellings
/// ("cellphone", "aeroplane") as the table has them, and a plural of a noun of the table as the noun.
std::string CanonicalNoun(std::string_view name);

/// The noun of the table; for a name of several words that is not there, that of its last words ("red sports car": "sports car").
/// Null when there is none. `canonical` comes from CanonicalNoun.
const OntologyNoun* FindNoun(std::string_view canonical);

/// "a" or "an", as the noun's first letter wants it; empty for nouns that take none (plurals, "water", "grass").
std::string_view Article(std::string_view noun);

}  // namespace kantei::dataset
