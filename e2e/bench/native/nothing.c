// SPDX-License-Identifier: Apache-2.0
// The smallest program there is: what is measured is the spawn, not the program.
int main(void)
{
	return 0;
}
