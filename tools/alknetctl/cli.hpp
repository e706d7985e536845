// The command line of alknetctl; cli.cpp alone knows CLI11.
#pragma once

namespace alk::alknetctl {

int run(int argc, char** argv); // the exit code

} // namespace alk::alknetctl
