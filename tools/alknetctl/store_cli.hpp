// The command line of what alknet-stored keeps: account, org, apikey, audit, store; graph, acl; events,
// queue.
#pragma once

#include "store_verbs.hpp"

#include <functional>
#include <memory>

namespace CLI {
class App;
}

namespace alk::alknetctl {

using Chosen = std::function<int(const Output&)>; // what to run when a verb was chosen
using AddVerb =
    std::function<CLI::App*(CLI::App& parent, const char* name, const char* description, Chosen run)>;

struct StoreWords; // what the options are read into

// `place` is read when a verb runs. The answer must live as long as `program`.
std::shared_ptr<StoreWords> add_store_verbs(CLI::App& program, const Place& place, const AddVerb& add);

struct GraphCliWords;
std::shared_ptr<GraphCliWords> add_graph_verbs(CLI::App& program, const Place& place, const AddVerb& add);

struct EventCliWords;
std::shared_ptr<EventCliWords> add_event_verbs(CLI::App& program, const Place& place, const AddVerb& add);

// Runs `verb` against alknet-stored, or reports why it is not there.
int with_store(const Place& place, const Output& output, const std::function<int(StoreClient&)>& verb);

} // namespace alk::alknetctl
